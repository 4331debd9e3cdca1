"""Images of all kinds, and no more of them than there is time for."""
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from mmswap.apis.doctor import check_images
from mmswap.apis.doctor.check_images import fault
from mmswap.apis.doctor.contents import Picture
from mmswap.apis.doctor.examined import Examined, in_scope
from mmswap.apis.plan import plan_phases

PIXELS = np.random.RandomState(0).randint(0, 256, (60, 90, 3), np.uint8)


@pytest.fixture
def write(tmp_path):
    """(name, bytes cut off, **save options) -> a Picture of 90 x 60."""

    def write(name, cut=0, size=(90, 60), **options):
        path = tmp_path / name
        Image.fromarray(PIXELS).save(path, **options)
        content = path.read_bytes()
        path.write_bytes(content[:len(content) - cut])
        return Picture(str(path), Counter(), size)

    return write


@pytest.mark.parametrize('name', ['a.jpg', 'a.png', 'a.bmp', 'a.webp'])
def test_an_image_that_can_be_read(write, name):
    assert fault(write(name)) is None
    assert fault(write(name)._replace(size=None)) is None


@pytest.mark.parametrize('name', ['a.jpg', 'a.png', 'a.bmp'])
@pytest.mark.parametrize('cut', [30, 1000])
def test_one_that_is_cut_off(write, name, cut):
    """In its last bytes, too, which a look at its head does not show."""
    assert fault(write(name, cut)) not in (None, 'size')


def test_the_size_is_that_of_the_annotations(write):
    assert fault(write('a.png', size=(60, 90))) == 'size'
    # Turned by the camera, as mmcv turns it.
    exif = Image.Exif()
    exif[274] = 6
    assert fault(write('a.jpg', size=(60, 90), exif=exif)) is None
    assert fault(write('a.jpg', size=(60, 80), exif=exif)) == 'size'


def test_a_sample_where_there_is_no_time(swap, monkeypatch):
    phases = plan_phases(swap.configs, swap.folder / 'out')
    swap.image('old', 0).unlink()
    monkeypatch.setattr(check_images, 'BUDGET', -1.)
    # None is decoded, and what is missing is missing all the same.
    with in_scope(phases[0]):
        missing, told = check_images.check_images(
            Examined(phases, swap.folder / 'out'))
    assert missing.level == 'error' and 'old0.jpg' in missing.message
    assert told.level == 'note' and told.facts == dict(read=0, images=39)
    assert 'sample' in told.message


def test_maps_of_panoptic_data_are_images_too(swap):
    """They are named by the annotations."""
    swap.edit('old', lambda c: [
        each.update(file_name=f'old{each["image_id"]}.png',
                    segments_info=[dict(id=1, category_id=10)])
        for each in c['annotations']])
    swap.add('learn', "old['data_prefix']['seg'] = 'maps/'")
    phases = plan_phases(swap.configs[:1], swap.folder / 'out')
    with in_scope(phases[0]):
        lost, _ = check_images.check_images(
            Examined(phases, swap.folder / 'out'))
    assert '12' in lost.message and 'maps/old0.png' in lost.message
