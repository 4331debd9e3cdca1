"""Packaging of mmswap."""
import re
from pathlib import Path
from typing import List

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


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
        tests=['pytest', 'pytest-timeout', 'scikit-learn', 'scipy'],
        docs=['sphinx', 'myst-parser', 'furo']),
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Developers',
        'Intended Audience :: Science/Research',
        'License :: OSI Approved :: Apache Software License',
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.8',
        'Programming Language :: Python :: 3.9',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    zip_safe=False)
