"""What is handed out installs, anywhere, and has all that it needs.

Built from a copy of the checkout, offline, with the environment's own
setuptools.
"""
import email
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What a fresh clone does not have.
NOT_CLONED = shutil.ignore_patterns('.*', '*.egg-info', '__pycache__', 'build',
                                    'data', 'dist', 'work_dirs')
PIP = [sys.executable, '-m', 'pip', '--disable-pip-version-check']
OFFLINE = ['-q', '--no-deps', '--no-index', '--no-cache-dir']
MIM = 'mmswap/.mim/'
BASE = 'configs/digits/mask2former_swin-nano_base.safetensors'


def _run(*command, cwd, **env):
    """What a command prints; it has to succeed."""
    done = subprocess.run(
        [str(part) for part in command], cwd=str(cwd), text=True,
        env=dict(os.environ, **env), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def _below(folder, *patterns):
    """Paths of the checkout's files below a folder, with slashes."""
    return {
        path.relative_to(ROOT).as_posix() for pattern in patterns
        for path in (ROOT / folder).rglob(pattern)
    }


def _wheel(folder, source):
    _run(*PIP, 'wheel', *OFFLINE, '--no-build-isolation', '-w', folder,
         source, cwd=folder)
    found, = folder.glob('*.whl')
    return found


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """A copy of the checkout in which an older build left its files."""
    folder = tmp_path_factory.mktemp('checkout') / 'mmswap'
    shutil.copytree(ROOT, folder, ignore=NOT_CLONED)
    for name in ('mmswap/moved.py', f'{MIM}configs/moved.py'):
        left = folder / 'build' / 'lib' / name
        left.parent.mkdir(parents=True, exist_ok=True)
        left.touch()
    return folder


@pytest.fixture(scope='module')
def sdist(checkout, tmp_path_factory):
    """The source archive, as ``python setup.py sdist`` makes it."""
    folder = tmp_path_factory.mktemp('sdist')
    _run(sys.executable, 'setup.py', '-q', 'sdist', '-d', folder, cwd=checkout)
    found, = folder.glob('mmswap-*.tar.gz')
    return found


@pytest.fixture(scope='module')
def wheel(sdist, tmp_path_factory):
    """The wheel that pip builds from the source archive."""
    return _wheel(tmp_path_factory.mktemp('wheel'), sdist)


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory):
    """An environment with the wheel in it and nothing else: its folder."""
    folder = tmp_path_factory.mktemp('installed') / 'venv'
    venv.create(folder, with_pip=False, symlinks=os.name != 'nt')
    python = folder / 'bin' / 'python'
    _run(*PIP, '--python', python, 'install', *OFFLINE, wheel, cwd=folder)
    return folder


def _beside_the_stack(installed):
    """Variables that let a venv see the packages of this environment."""
    own, = installed.glob('lib/python*/site-packages')
    stack = [path for path in sys.path if path.endswith('-packages')]
    return dict(PYTHONPATH=os.pathsep.join((str(own), *stack)))


def _files(archive):
    """Names of the files of an archive, without the folder of an sdist."""
    if archive.suffix == '.whl':
        with zipfile.ZipFile(archive) as wheel:
            return set(wheel.namelist())
    with tarfile.open(archive) as sdist:
        return {
            member.name.partition('/')[2]
            for member in sdist.getmembers() if member.isfile()
        }


def test_sdist_has_what_an_installation_needs(sdist):
    files = _files(sdist)
    assert {'setup.py', 'pyproject.toml', 'README.md', 'LICENSE',
            'model-index.yml', 'requirements/runtime.txt', BASE} <= files
    assert _below('mmswap', '*.py') <= files
    assert _below('configs', '*.py', '*.yml') <= files


def test_wheel_has_every_module(wheel):
    """Rooms without an ``__init__.py`` would be left out."""
    files = {name for name in _files(wheel) if not name.startswith(MIM)}
    assert {name for name in files if name.endswith('.py')} == _below(
        'mmswap', '*.py')
    assert 'mmswap/apis/forgetting.schema.json' in files


def test_wheel_has_the_templates(wheel):
    wanted = _below('mmswap', '*.html', '*.css', '*.js')
    assert len(wanted) == 3 and wanted <= _files(wheel)


def test_wheel_has_the_configs_and_the_tools(wheel):
    files = {
        name[len(MIM):] for name in _files(wheel) if name.startswith(MIM)
    }
    assert {name for name in files if name.startswith('configs/')} == {
        BASE, *_below('configs', '*.py', '*.yml')}
    assert {'model-index.yml', 'tools/train.py', 'tools/dist_train.sh'
            } <= files
    assert not {name for name in files if 'setup_env' in name}


@pytest.mark.parametrize('kind', ['sdist', 'wheel'])
def test_nothing_else_is_packed(kind, request):
    files = _files(request.getfixturevalue(kind))
    assert not {name for name in files if name.split('/')[0] == 'tests'}
    assert not {
        name for name in files
        if name.endswith(('.pyc', '.pth')) or 'moved' in name
    }


def test_wheel_says_what_it_is(wheel):
    """And names no OpenMMLab package but in the extras."""
    with zipfile.ZipFile(wheel) as file:
        info, = (name[:-len('METADATA')] for name in file.namelist()
                 if name.endswith('.dist-info/METADATA'))
        text = file.read(f'{info}METADATA').decode()
        scripts = file.read(f'{info}entry_points.txt').decode()
    assert [name for name in _files(wheel)
            if name.startswith(info) and name.endswith('LICENSE')]
    assert 'mmswap = mmswap.apis.cli:main' in scripts
    meta = email.message_from_string(text)
    assert meta['Requires-Python'] == '>=3.8'
    required = meta.get_all('Requires-Dist')
    assert {line for line in required if 'extra' not in line} == {
        'torch>=2.1', 'peft>=0.13', 'safetensors', 'numpy', 'jinja2>=3',
        'matplotlib>=3.5', 'psutil>=5.9'}
    assert set(meta.get_all('Provides-Extra')) == {
        'onedl', 'openmmlab', 'tests', 'onnx', 'docs'}


@pytest.mark.slow
def test_a_checkout_and_its_sdist_build_the_same_wheel(checkout, wheel,
                                                       tmp_path):
    assert _files(_wheel(tmp_path, checkout)) == _files(wheel)


def test_an_editable_installation_leaves_files_where_they_are(
        checkout, tmp_path):
    _run(sys.executable, 'setup.py', '-q', 'editable_wheel', '-d', tmp_path,
         cwd=checkout)
    found, = tmp_path.glob('*.whl')
    assert not {name for name in _files(found) if 'configs' in name}
    assert not (checkout / MIM).exists()


FIND = """
import importlib.metadata, pathlib, sys
print(importlib.metadata.version('mmswap'))
root = pathlib.Path(importlib.metadata.distribution('mmswap').locate_file(''))
sys.path.insert(0, str(root / 'mmswap'))
import version
print(version.__version__)
"""
USE = """
import mmswap
from mmengine.config import Config
from pathlib import Path
print(Path(mmswap.__file__).parent)
path = mmswap.stock_config('mmswap::digits/mask2former_swin-nano_learn.py')
print(Config.fromfile(path).load_from)
"""


@pytest.mark.slow
def test_it_installs_in_an_empty_environment(installed, tmp_path):
    from mmswap import __version__
    python = installed / 'bin' / 'python'
    assert _run(python, '-I', '-c', FIND, cwd=tmp_path).split() == [
        __version__, __version__]


@pytest.mark.slow
def test_an_installed_mmswap_finds_its_configs(installed, tmp_path):
    package, base = _run(
        installed / 'bin' / 'python', '-W', 'ignore', '-c', USE, cwd=tmp_path,
        **_beside_the_stack(installed)).splitlines()[-2:]
    assert installed in Path(package).parents
    assert Path(base) == Path(package) / '.mim' / BASE
    assert Path(base).read_bytes() == (ROOT / BASE).read_bytes()


@pytest.mark.slow
def test_the_installed_command_answers(installed, tmp_path):
    told = _run(installed / 'bin' / 'mmswap', '--help', cwd=tmp_path,
                **_beside_the_stack(installed))
    assert 'usage: mmswap' in told
    for command in ('train', 'test', 'run', 'merge', 'publish'):
        assert f'    {command} ' in told
