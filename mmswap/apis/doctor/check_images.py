"""Whether the images can be read."""
import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from PIL import Image

from mmswap.apis.doctor.contents import Picture
from mmswap.apis.doctor.examined import Examined
from mmswap.apis.doctor.finding import Finding, error, note, warning
from mmswap.config.listing import listed

BUDGET = 20.  # seconds
_SHOWN = 3
_ORIENTATION = 274  # EXIF's tag; 5 to 8 turn an image by 90 degrees
_SCALE = 8  # a JPEG is decoded at this part of its size, eight times faster


def check_images(swap: Examined) -> Iterator[Finding]:
    """Every image is there and can be decoded, as far as there is time.

    Args:
        swap: The swap.
    """
    pictures: Dict[str, Tuple[str, Picture]] = {}
    for phase in swap.to_run:
        for source in swap.sources(phase):
            if not (source.is_local and source.reads_images):
                continue
            try:
                content = swap.content(source, phase)
            except (OSError, ValueError, TypeError, KeyError):
                continue  # Said where the annotations are looked at.
            for picture in content.pictures:
                pictures.setdefault(picture.path, (source.key, picture))
            for path in content.maps:
                pictures.setdefault(path, (source.key,
                                           Picture(path, Counter())))
    yield from _read_all(list(pictures.values()))


def _read_all(pictures: List[Tuple[str, Picture]]) -> Iterator[Finding]:
    """The findings of some images, of one kind and data set in one."""
    found: Dict[Tuple[str, str], List[str]] = {}
    there = []
    for key, picture in pictures:
        if Path(picture.path).is_file():
            there.append((key, picture))
        else:
            found.setdefault((key, 'missing'), []).append(picture.path)
    # A sample of all of them, where there is no time for more.
    random.Random(0).shuffle(there)
    started, read = time.monotonic(), 0
    for key, picture in there:
        if time.monotonic() - started > BUDGET:
            break
        read += 1
        wrong = fault(picture)
        if wrong is not None:
            found.setdefault((key, wrong), []).append(picture.path)
    for (key, kind), paths in found.items():
        where = listed(sorted(paths), _SHOWN)
        if kind == 'missing':
            yield error(key, 'must have a file of each image, not so of '
                        f'{len(paths):,}: {where}')
        elif kind == 'size':
            yield warning(key, 'must have images as large as the annotations '
                          'say, or boxes are elsewhere, not so of '
                          f'{len(paths):,}: {where}')
        else:
            yield error(key, 'must have images that can be read, not so of '
                        f'{len(paths):,} ({kind}): {where}')
    text = 'all of them' if read == len(there) else (
        f'a random sample, in {BUDGET:.0f} s')
    yield note('images', f'{read:,} of {len(there):,} images were looked at '
               f'({text})', read=read, images=len(there))


def fault(picture: Picture) -> Optional[str]:
    """What is wrong with the file of an image: None if nothing is.

    Args:
        picture: The image.

    Returns:
        ``'size'`` if it has another size than the annotations say, else in
        words why it cannot be read.
    """
    if not os.path.getsize(picture.path):
        return 'an empty file'
    try:
        with Image.open(picture.path) as image:
            size = image.size
            turned = image.getexif().get(_ORIENTATION, 1) >= 5
            if image.format == 'JPEG':
                image.draft('RGB', (max(size[0] // _SCALE, 1),
                                    max(size[1] // _SCALE, 1)))
            image.load()
    except Image.DecompressionBombError:
        return None  # Too large to be tried; mmcv has no such limit.
    except Image.UnidentifiedImageError:
        return 'no image'
    except (OSError, SyntaxError, ValueError) as raised:
        return str(raised).partition('(')[0].strip()
    sizes = (size[::-1], size) if turned else (size, )
    return 'size' if picture.size and picture.size not in sizes else None
