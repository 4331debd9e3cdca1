"""Packaging of mmswap."""
import re
import shutil
from pathlib import Path
from typing import Dict, List

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
# OpenMMLab's packages carry their configs and tools below .mim, where
# mmengine's `package::config`, mim and mmswap.stock_config look for them.
MIM = '.mim'
MIM_FILES = ('model-index.yml', 'configs/**/*.py', 'configs/**/*.yml',
             'configs/**/*.safetensors', 'tools/**/*.py', 'tools/**/*.sh')
# These set a checkout up, or run in one.
CHECKOUT_ONLY = ('setup_env.sh', 'test.sh', 'demo.sh', 'demo.py')


class BuildPy(build_py):
    """Puts configs and tools below ``mmswap/.mim`` of what is built.

    An editable installation has them in the checkout, beside the package.
    """

    def run(self) -> None:
        """Build the package from nothing, then add the files."""
        if not getattr(self, 'editable_mode', False):
            # Modules and configs that an earlier build left here and that
            # have moved since would be packed as well.
            shutil.rmtree(Path(self.build_lib) / 'mmswap', ignore_errors=True)
        super().run()
        for target, source in self._mim_files().items():
            self.mkpath(str(Path(target).parent))
            self.copy_file(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> List[str]:
        """The paths that the command writes."""
        return [*super().get_outputs(include_bytecode), *self._mim_files()]

    def get_output_mapping(self) -> Dict[str, str]:
        """The paths that the command writes, and what each is a copy of."""
        return {**super().get_output_mapping(), **self._mim_files()}

    def get_source_files(self) -> List[str]:
        """What an archive of the sources needs, to build this again."""
        return [*super().get_source_files(), *mim_sources()]

    def _mim_files(self) -> Dict[str, str]:
        """Path below the build folder to the path in the sources."""
        if getattr(self, 'editable_mode', False):
            return {}
        folder = Path(self.build_lib) / 'mmswap' / MIM
        return {str(folder / source): source for source in mim_sources()}


def mim_sources() -> List[str]:
    """The files that go below ``.mim``, relative to the sources."""
    found = {path for pattern in MIM_FILES for path in ROOT.glob(pattern)}
    return sorted(
        path.relative_to(ROOT).as_posix() for path in found
        if path.name not in CHECKOUT_ONLY)


def read_version() -> str:
    """The version in ``mmswap/version.py``, without importing torch."""
    text = (ROOT / 'mmswap' / 'version.py').read_text(encoding='utf-8')
    found = re.search(r"^__version__ = '([^']+)'$", text, re.MULTILINE)
    if found is None:
        raise RuntimeError('mmswap/version.py must have a __version__')
    return found.group(1)


def read_requirements(name: str) -> List[str]:
    """The lines of a file in ``requirements/``, without the comments."""
    text = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8')
    lines = [line.partition('#')[0].strip() for line in text.splitlines()]
    return [line for line in lines if line]


def read_readme() -> str:
    """The README, the package's long description."""
    path = ROOT / 'README.md'
    return path.read_text(encoding='utf-8') if path.is_file() else ''


setup(
    name='mmswap',
    version=read_version(),
    description='Learn new classes, forget chosen ones and retain the rest '
    'with detectors, segmentors and classifiers of OpenMMLab',
    long_description=read_readme(),
    long_description_content_type='text/markdown',
    author='The mmswap authors',
    license='Apache-2.0',
    license_files=['LICENSE'],
    keywords='computer vision, object detection, continual learning, '
    'machine unlearning, LoRA',
    packages=find_packages(include=['mmswap', 'mmswap.*']),
    package_data={'mmswap.apis': ['*.schema.json'],
                  'mmswap.apis.page': ['templates/*']},
    cmdclass=dict(build_py=BuildPy),
    entry_points=dict(console_scripts=['mmswap = mmswap.apis.cli:main']),
    python_requires='>=3.8',
    install_requires=read_requirements('runtime'),
    # Two stacks provide the same modules (mmengine, mmcv, mmdet, ...), and
    # installing one over the other breaks both. So none is required: take
    # the extra of the stack that the environment has, or is to have.
    extras_require=dict(
        onedl=[
            'onedl-mmengine>=0.10.12',
            'onedl-mmcv>=2.3.6',
            'onedl-mmdetection>=3.5.1',
            'onedl-mmsegmentation>=1.4.2',
            'onedl-mmpretrain>=1.3.6',
            'transformers<5',
        ],
        openmmlab=[
            'mmengine>=0.10.7',
            'mmcv>=2.0.0rc4,<2.2.0',
            'mmdet>=3.3.0',
            'mmsegmentation>=1.2.2',
            'mmpretrain>=1.2.0',
            'numpy<2',
            'transformers<4.45',
        ],
        tests=[
            'pytest', 'pytest-timeout', 'scikit-learn', 'scipy', 'jsonschema'
        ],
        onnx=['onnx>=1.14', 'onnxruntime>=1.16'],
        docs=['sphinx', 'myst-parser', 'furo']),
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Developers',
        'Intended Audience :: Science/Research',
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.8',
        'Programming Language :: Python :: 3.9',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    zip_safe=False)
