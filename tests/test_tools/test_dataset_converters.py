"""The converters, on small data sets in the layout of their authors."""
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
CONVERTERS = ROOT / 'tools' / 'dataset_converters'


@pytest.fixture
def convert(monkeypatch):
    """(converter, *arguments) runs a converter."""
    monkeypatch.syspath_prepend(str(CONVERTERS))

    def run(name, *args):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        runpy.run_path(str(CONVERTERS / f'{name}.py'), run_name='__main__')

    return run


@pytest.fixture
def refuses(convert):
    """(message, converter, *arguments): it stops with that message."""

    def run(message, *args):
        with pytest.raises(SystemExit) as stopped:
            convert(*args)
        assert message in str(stopped.value)

    return run


def write_image(path, pixels=(30, 20)):
    """Write an image of (width, height) grey pixels, or of an array."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(pixels, tuple):
        pixels = np.full((*pixels[::-1], 3), 90, np.uint8)
    Image.fromarray(pixels).save(path)


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def voc_object(name, box, difficult=0, more=''):
    corners = ''.join(f'<{tag}>{value}</{tag}>' for tag, value in zip(
        ('xmin', 'ymin', 'xmax', 'ymax'), box))
    return (f'<object><name>{name}</name><difficult>{difficult}</difficult>'
            f'<bndbox>{corners}</bndbox>{more}</object>')


def write_xml(path, *objects, size=(30, 20), filename='x.jpg'):
    width, height = size
    write_text(
        path, f'<annotation><filename>{filename}</filename><size>'
        f'<width>{width}</width><height>{height}</height></size>'
        f'{"".join(objects)}</annotation>')


def read_det(root, ann_file):
    """What mmdet reads: image paths, boxes with labels, ignored flags."""
    from mmdet.datasets import CocoDataset
    data = CocoDataset(
        data_root=str(root), ann_file=ann_file, data_prefix=dict(img=''),
        metainfo=dict(classes=str(root / 'mmswap/classes.txt')),
        test_mode=True)
    infos = [data.get_data_info(i) for i in range(len(data))]
    assert all(Path(info['img_path']).is_file() for info in infos)
    return {
        str(Path(info['img_path']).relative_to(root)):
        [(i['bbox_label'], *i['bbox'], i['ignore_flag'])
         for i in info['instances']]
        for info in infos
    }


def read_cls(root, ann_file, classes='mmswap/classes.txt'):
    """What mmpretrain reads: class names, and label of each image path."""
    from mmpretrain.datasets import CustomDataset
    data = CustomDataset(
        data_root=str(root), ann_file=ann_file,
        metainfo=dict(classes=str(root / classes)))
    infos = [data.get_data_info(i) for i in range(len(data))]
    assert all(Path(info['img_path']).is_file() for info in infos)
    return data.CLASSES, {
        str(Path(info['img_path']).relative_to(root)): info['gt_label']
        for info in infos
    }


def read_seg(root, ann_file, classes, **kwargs):
    """What mmseg reads: the label map of each image path."""
    from mmseg.datasets import BaseSegDataset
    from mmseg.datasets.transforms import LoadAnnotations
    data = BaseSegDataset(
        data_root=str(root), ann_file=ann_file,
        metainfo=dict(classes=str(root / classes)), test_mode=True, **kwargs)
    maps = {}
    for i in range(len(data)):
        info = data.get_data_info(i)
        assert Path(info['img_path']).is_file()
        maps[Path(info['img_path']).name] = LoadAnnotations()(
            info)['gt_seg_map'].tolist()
    return maps


# CUB-200-2011


@pytest.fixture
def cub(tmp_path):
    root = tmp_path / 'CUB_200_2011'
    names = ('001.Auk/Auk_1.jpg', '001.Auk/Auk_2.jpg', '002.Blue_Jay/Jay.jpg')
    for name in names:
        write_image(root / 'images' / name)
    lists = dict(
        images=[f'{i} {name}' for i, name in enumerate(names, 1)],
        image_class_labels=['1 1', '2 1', '3 2'],
        bounding_boxes=[
            '1 2.0 3.0 10.0 5.0', '2 20.5 0.0 15.0 20.0', '3 0 0 30 20'
        ],
        train_test_split=['1 1', '2 0', '3 1'],
        classes=['1 001.Auk', '2 002.Blue_Jay'])
    for name, lines in lists.items():
        write_text(root / f'{name}.txt', '\n'.join(lines) + '\n')
    return root


def test_cub(convert, cub):
    convert('cub', cub)
    assert read_det(cub, 'mmswap/train.json') == {
        'images/001.Auk/Auk_1.jpg': [(0, 2, 3, 12, 8, 0)],
        'images/002.Blue_Jay/Jay.jpg': [(1, 0, 0, 30, 20, 0)]
    }
    # Clipped: 20.5 + 15 lies outside the image.
    assert read_det(cub, 'mmswap/val.json') == {
        'images/001.Auk/Auk_2.jpg': [(0, 20.5, 0, 30, 20, 0)]
    }
    assert read_cls(cub, 'mmswap/train.txt') == (['Auk', 'Blue_Jay'], {
        'images/001.Auk/Auk_1.jpg': 0,
        'images/002.Blue_Jay/Jay.jpg': 1
    })
    assert read_cls(cub, 'mmswap/val.txt')[1] == {
        'images/001.Auk/Auk_2.jpg': 0
    }


def test_cub_masks(convert, cub, refuses):
    from pycocotools.coco import COCO
    masks = cub.parent / 'segmentations'
    refuses(f'{masks} must be a folder', 'cub', cub, '--masks', masks)
    grey = np.zeros((20, 30), np.uint8)
    grey[3:6, 2:12], grey[6:8, 2:12] = 255, 51  # the latter seen by few
    for name in ('001.Auk/Auk_1', '001.Auk/Auk_2', '002.Blue_Jay/Jay'):
        write_image(masks / f'{name}.png', grey)
    convert('cub', cub, '--masks', masks)
    coco = COCO(str(cub / 'mmswap' / 'train.json'))
    annotation = coco.loadAnns([1])[0]
    assert annotation['area'] == 30
    assert (coco.annToMask(annotation) == (grey == 255)).all()


def test_cub_says_what_is_missing(cub, refuses, tmp_path):
    refuses('there is none: ROOT must be the unpacked CUB_200_2011', 'cub',
            tmp_path / 'nowhere')
    refuses('lacks 6 of 6 files or folders: images, images.txt', 'cub',
            tmp_path)
    (cub / 'images' / '001.Auk' / 'Auk_2.jpg').unlink()
    refuses('lacks 1 of 3 files or folders: 001.Auk/Auk_2.jpg', 'cub', cub)
    write_text(cub / 'bounding_boxes.txt', '1 2 3 10 5\n')
    refuses(
        'bounding_boxes.txt must have a line for each id that the other '
        'lists name, but lacks 2, the first being 2', 'cub', cub)
    write_text(cub / 'bounding_boxes.txt', '1 2 3\n')
    refuses('bounding_boxes.txt must have lines of 5 fields, got "1 2 3"',
            'cub', cub)
    assert not (cub / 'mmswap').exists()


# Stanford Dogs


@pytest.fixture
def dogs(tmp_path):
    from scipy.io import savemat
    root = tmp_path / 'dogs'
    folders = ('n02085620-Chihuahua', 'n02113978-Mexican_hairless')
    splits = dict(
        train=[f'{folders[0]}/n02085620_7', f'{folders[1]}/n02113978_1'],
        test=[f'{folders[0]}/n02085620_8'])
    for split, names in splits.items():
        for name in names:
            write_image(root / 'Images' / f'{name}.jpg')
            write_xml(root / 'Annotation' / name,
                      voc_object('whatever', (0, 2, 30, 19)),
                      voc_object('whatever', (5, 5, 9, 8)), filename='%s')
        paths = np.empty((len(names), 1), object)
        paths[:, 0] = [f'{name}.jpg' for name in names]
        labels = [[1 + ('Mexican' in name)] for name in names]
        savemat(root / f'{split}_list.mat',
                dict(file_list=paths, labels=np.array(labels, np.uint8)))
    return root


def test_stanford_dogs(convert, dogs):
    convert('stanford_dogs', dogs)
    train = read_det(dogs, 'mmswap/train.json')
    assert list(train) == [
        'Images/n02085620-Chihuahua/n02085620_7.jpg',
        'Images/n02113978-Mexican_hairless/n02113978_1.jpg'
    ]
    assert list(train.values()) == [[(label, 0, 2, 30, 19, 0),
                                     (label, 5, 5, 9, 8, 0)]
                                    for label in (0, 1)]
    assert len(read_det(dogs, 'mmswap/val.json')) == 1
    classes, labels = read_cls(dogs, 'mmswap/train.txt')
    assert classes == ['Chihuahua', 'Mexican_hairless']
    assert list(labels.values()) == [0, 1]


def test_stanford_dogs_says_what_is_missing(dogs, refuses):
    name = 'n02085620-Chihuahua/n02085620_8'
    (dogs / 'Annotation' / name).unlink()
    refuses(f'Annotation lacks 1 of 3 files or folders: {name}',
            'stanford_dogs', dogs)
    write_text(dogs / 'test_list.mat', 'no mat file')
    refuses('test_list.mat must be the published list', 'stanford_dogs', dogs)
    (dogs / 'test_list.mat').unlink()
    refuses('lacks 1 of 4 files or folders: test_list.mat', 'stanford_dogs',
            dogs)


# Oxford-IIIT pets

TRIMAP = np.array([[1, 3, 2], [1, 3, 2]], np.uint8)


@pytest.fixture
def pets(tmp_path):
    root = tmp_path / 'pets'
    lists = dict(
        trainval=[
            '#Image CLASS-ID SPECIES BREED ID', 'Abyssinian_1 1 1 1',
            'american_bulldog_10 2 2 1'
        ],
        test=['american_bulldog_11 2 2 1'])
    for split, lines in lists.items():
        write_text(root / 'annotations' / f'{split}.txt', '\n'.join(lines))
        for line in lines:
            if not line.startswith('#'):
                name = line.split()[0]
                write_image(root / 'images' / f'{name}.jpg', (3, 2))
                write_image(root / 'annotations/trimaps' / f'{name}.png',
                            TRIMAP)
    return root


def test_oxford_pets(convert, pets):
    convert('oxford_pets', pets)
    prefix = dict(img_path='images', seg_map_path='mmswap/semantic')
    maps = read_seg(pets, 'mmswap/seg_train.txt', 'mmswap/seg_classes.txt',
                    data_prefix=prefix)
    assert maps == {
        'Abyssinian_1.jpg': [[0, 255, 255]] * 2,
        'american_bulldog_10.jpg': [[1, 255, 255]] * 2
    }
    assert read_cls(pets, 'mmswap/val.txt') == ([
        'Abyssinian', 'american_bulldog'
    ], {
        'images/american_bulldog_11.jpg': 1
    })
    convert('oxford_pets', pets, '--background')
    assert read_seg(
        pets, 'mmswap/seg_val.txt', 'mmswap/seg_classes.txt',
        data_prefix=prefix) == {
            'american_bulldog_11.jpg': [[2, 255, 0]] * 2
        }
    classes = (pets / 'mmswap' / 'seg_classes.txt').read_text()
    assert classes == 'background\nAbyssinian\namerican_bulldog\n'


def test_oxford_pets_says_what_is_wrong(pets, refuses):
    trimap = pets / 'annotations/trimaps/Abyssinian_1.png'
    write_image(trimap, TRIMAP - 1)
    refuses(f'{trimap} must be a trimap of the values 1, 2 and 3',
            'oxford_pets', pets)
    trimap.unlink()
    refuses('trimaps lacks 1 of 3 files or folders: Abyssinian_1.png',
            'oxford_pets', pets)
    write_text(pets / 'annotations/test.txt', 'Bengal_1 2 1 2')
    refuses('one name, got american_bulldog and Bengal for class 2',
            'oxford_pets', pets)
    write_text(pets / 'annotations/test.txt', 'Bengal_1 4 1 2')
    refuses('number the classes 1, 2, ... without a gap, got [1, 2, 4]',
            'oxford_pets', pets)
    write_text(pets / 'annotations/test.txt', 'Bengal_1')
    refuses('test.txt must have lines such as "Abyssinian_1 1 1 1", got '
            '"Bengal_1"', 'oxford_pets', pets)


# DeepGlobe land cover


@pytest.fixture
def land(tmp_path):
    # Urban and agriculture, not quite pure; water; unknown; red, no class.
    mask = np.array([[[3, 250, 251], [255, 249, 0], [0, 0, 255]],
                     [[0, 0, 0], [255, 0, 0], [255, 255, 255]]], np.uint8)
    for i in range(5):
        write_image(tmp_path / 'train' / f'{i}_sat.jpg', (3, 2))
        write_image(tmp_path / 'train' / f'{i}_mask.png', mask)
    write_image(tmp_path / 'valid' / '9_sat.jpg', (3, 2))
    return tmp_path


def test_deepglobe_land(convert, land, capsys):
    convert('deepglobe_land', land)
    assert '0_mask.png: 1 pixels of a colour that is no class' in (
        capsys.readouterr().out)
    maps = [
        read_seg(land, f'mmswap/{split}.txt', 'mmswap/classes.txt',
                 data_prefix=dict(
                     img_path='train', seg_map_path='mmswap/semantic'),
                 img_suffix='_sat.jpg') for split in ('train', 'val')
    ]
    assert [len(part) for part in maps] == [4, 1]
    assert sorted({**maps[0], **maps[1]}) == [f'{i}_sat.jpg' for i in range(5)]
    assert maps[0] == {
        name: [[0, 1, 4], [255, 255, 5]] for name in maps[0]
    }


def test_deepglobe_land_says_what_is_missing(land, refuses):
    (land / 'train' / '3_mask.png').unlink()
    refuses('train lacks 1 of 5 files or folders: 3_mask.png',
            'deepglobe_land', land)
    refuses('valid lacks 1 of 1 files or folders: train', 'deepglobe_land',
            land / 'valid')


# NWPU-RESISC45, PlantVillage


def test_resisc45(convert, tmp_path):
    for name in ('airplane', 'sea_ice'):
        for i in range(10):
            write_image(tmp_path / name / f'{name}_{i:03d}.jpg')
    convert('image_folders', tmp_path, '--val-share', .3, '--seed', 1)
    classes, train = read_cls(tmp_path, 'mmswap/train.txt')
    val = read_cls(tmp_path, 'mmswap/val.txt')[1]
    assert classes == ['airplane', 'sea_ice']
    assert not set(train) & set(val)
    assert [list(part.values()) for part in (train, val)
            ] == [[0] * 7 + [1] * 7, [0] * 3 + [1] * 3]
    # The output lies in ROOT, and is no class the next time.
    before = {p: p.read_bytes() for p in tmp_path.glob('mmswap/*')}
    convert('image_folders', tmp_path, '--val-share', .3, '--seed', 1)
    assert before == {p: p.read_bytes() for p in tmp_path.glob('mmswap/*')}
    convert('image_folders', tmp_path, '--val-share', .3, '--seed', 2)
    assert read_cls(tmp_path, 'mmswap/val.txt')[1] != val


def test_plantvillage(convert, tmp_path, refuses):
    names = ('Corn_(maize)___Cercospora_leaf_spot Gray_leaf_spot',
             'Pepper,_bell___healthy')
    for name in names:
        for i in range(2):
            write_image(tmp_path / 'color' / name / f'a b___{i}.JPG')
    refuses('must hold one folder of images a class, got none: give --folder',
            'image_folders', tmp_path)
    refuses('lacks 1 of 1 files or folders: colour', 'image_folders',
            tmp_path, '--folder', 'colour')
    convert('image_folders', tmp_path, '--folder', 'color', '--val-share', .5)
    classes, val = read_cls(tmp_path, 'mmswap/val.txt')
    assert tuple(classes) == names
    assert list(val.values()) == [0, 1]
    assert next(iter(val)).startswith(f'color/{names[0]}/a b___')


def test_a_share_lies_between_0_and_1(convert, tmp_path, capsys):
    with pytest.raises(SystemExit):
        convert('image_folders', tmp_path, '--val-share', 1)
    assert 'must lie between 0 and 1, got 1' in capsys.readouterr().err


# ImageNet

WNIDS = [f'n0144000{i}' for i in range(5)]


@pytest.fixture
def imagenet(tmp_path):
    for wnid in WNIDS:
        write_image(tmp_path / 'train' / wnid / f'{wnid}_1.JPEG')
    return tmp_path


def test_imagenet100_val_folders(convert, imagenet, refuses):
    for wnid in WNIDS:
        write_image(imagenet / 'val' / wnid / 'ILSVRC2012_val_1.JPEG')
    refuses('--num must lie between 1 and 5', 'imagenet100', imagenet)
    convert('imagenet100', imagenet, '--num', 3, '--seed', 4)
    classes, train = read_cls(imagenet, 'mmswap/train.txt')
    assert len(classes) == 3 and classes == sorted(classes)
    assert train == {
        f'train/{wnid}/{wnid}_1.JPEG': label
        for label, wnid in enumerate(classes)
    }
    assert read_cls(imagenet, 'mmswap/val.txt')[1] == {
        f'val/{wnid}/ILSVRC2012_val_1.JPEG': label
        for label, wnid in enumerate(classes)
    }


def test_imagenet100_flat_val(convert, imagenet, refuses):
    wnids = imagenet / 'wnids.txt'
    write_text(wnids, f'{WNIDS[3]} a name\n{WNIDS[1]}\n')
    solution = imagenet / 'LOC_val_solution.csv'
    write_text(solution, f'ImageId,PredictionString\nv_1,{WNIDS[1]} 1 2 3 4\n'
               f'v_2,{WNIDS[3]} 1 2 3 4 \nv_3,{WNIDS[0]} 1 2 3 4\n')
    for i in range(1, 4):
        write_image(imagenet / 'val' / f'v_{i}.JPEG')
    args = ('imagenet100', imagenet, '--wnids', wnids)
    refuses('there are none of 2, the first being n01440003: add them, or, if '
            'its images lie in val/ itself, give --val-list', *args)
    convert(*args, '--val-list', solution)
    # The labels follow the list, not the folders.
    assert read_cls(imagenet, 'mmswap/val.txt') == ([WNIDS[3], WNIDS[1]], {
        'val/v_2.JPEG': 0,
        'val/v_1.JPEG': 1
    })
    write_text(solution, 'v_1.JPEG 65\n')
    refuses('the 1000 classes of ImageNet in order, but train/ has 5', *args,
            '--val-list', solution)
    write_text(wnids, 'n09999999\n')
    refuses('train lacks 1 of 1 files or folders: n09999999', *args)


def test_imagenet100_labels_of_the_thousand(convert, tmp_path):
    wnids = [f'n{i:08d}' for i in range(1000)]
    for wnid in wnids:
        write_text(tmp_path / 'train' / wnid / 'a.JPEG', '')
    write_text(tmp_path / 'val' / 'v_1.JPEG', '')
    write_text(tmp_path / 'val.txt', 'v_1.JPEG 65\n')
    write_text(tmp_path / 'wnids.txt', wnids[65])
    convert('imagenet100', tmp_path, '--wnids', tmp_path / 'wnids.txt',
            '--val-list', tmp_path / 'val.txt')
    assert (tmp_path / 'mmswap/val.txt').read_text() == 'val/v_1.JPEG 0\n'


# Pascal VOC


@pytest.fixture
def voc(tmp_path):
    root = tmp_path / 'VOC2007'
    for i in range(1, 6):
        write_image(root / 'JPEGImages' / f'00{i}.jpg')
        write_xml(
            root / 'Annotations' / f'00{i}.xml',
            voc_object('dog', (1, 1, 30, 20)),
            voc_object(
                'cat', (5, 6.5, 9, 8), 1,
                '<part><name>head</name><bndbox><xmin>9</xmin></bndbox>'
                '</part>'))
    for name, text in (('train', '001\n003\n'), ('val', '002.jpg\n'),
                       ('cat_val', '002 -1\n')):
        write_text(root / 'ImageSets/Main' / f'{name}.txt', text)
    return root


def test_voc_to_coco(convert, voc):
    convert('voc_to_coco', voc)
    assert sorted(path.name for path in (voc / 'mmswap').iterdir()) == [
        'classes.txt', 'train.json', 'val.json'
    ]
    # Pixels 1 to 30 are the edges 0 to 30; difficult is ignored.
    boxes = [(1, 0, 0, 30, 20, 0), (0, 4, 5.5, 9, 8, 1)]
    assert read_det(voc, 'mmswap/train.json') == {
        'JPEGImages/001.jpg': boxes,
        'JPEGImages/003.jpg': boxes
    }
    assert list(read_det(voc, 'mmswap/val.json')) == ['JPEGImages/002.jpg']
    convert('voc_to_coco', voc, '--classes', 'dog', '--zero-based', '--out',
            voc.parent / 'out')
    coco = json.loads((voc.parent / 'out' / 'val.json').read_text())
    assert coco['categories'] == [dict(id=1, name='dog')]
    assert [a['bbox'] for a in coco['annotations']] == [[1, 1, 29, 19]]


def test_voc_without_lists(convert, tmp_path, refuses, capsys):
    """Other folder names, an image of another name, no split."""
    for i in range(1, 5):
        write_image(tmp_path / 'images' / f'photo.{i}.png')
        write_xml(tmp_path / 'annotations' / f'{i}.xml',
                  voc_object('dog', (2, 2, 2, 9)),
                  voc_object('dog', (2, 2, 9, 9)), size=(60, 40),
                  filename=f'photo.{i}.jpg')
    convert('voc_to_coco', tmp_path)
    assert len(read_det(tmp_path, 'mmswap/all.json')) == 4
    convert('voc_to_coco', tmp_path, '--val-every', 2)
    out = capsys.readouterr().out
    assert '1.xml: left out a dog without extent' in out
    assert '1.xml speaks of an image of (60, 40) pixels' in out
    assert read_det(tmp_path, 'mmswap/val.json') == {
        f'images/photo.{i}.png': [(0, 1, 1, 9, 9, 0)] for i in (2, 4)
    }
    assert list(read_det(tmp_path, 'mmswap/train.json')) == [
        'images/photo.1.png', 'images/photo.3.png'
    ]
    refuses('--val-every must lie between 2 and 4', 'voc_to_coco', tmp_path,
            '--val-every', 5)


def test_voc_says_what_is_wrong(voc, refuses):
    refuses(f'lacks Annotations/. ROOT must hold the folders Annotations/ '
            f'(one xml an image) and JPEGImages/; --annotations and --images '
            f'give other names. Is {voc} meant?', 'voc_to_coco', voc.parent)
    refuses('files or folders: labels. ROOT must hold', 'voc_to_coco', voc,
            '--annotations', 'labels')
    refuses("which has no 'Dog': did you mean 'dog'?", 'voc_to_coco', voc,
            '--classes', 'Dog')
    write_text(voc / 'ImageSets/Main/test.txt', '009\n')
    refuses('test.txt names 1 images without an annotation, the first being '
            '009', 'voc_to_coco', voc)
    (voc / 'ImageSets/Main/test.txt').unlink()
    image = voc / 'JPEGImages' / '004.jpg'
    image.rename(voc / 'JPEGImages' / '4.jpg')
    refuses('lacks 1 of 5, the first being 004', 'voc_to_coco', voc)
    image.with_name('4.jpg').rename(image)
    xml = voc / 'Annotations' / '001.xml'
    write_xml(xml, voc_object('dog', (0, 3, 9, 9)))
    refuses('001.xml has an object at (0.0, 3.0, 9.0, 9.0), but Pascal VOC '
            'counts pixels from 1: give --zero-based', 'voc_to_coco', voc)
    write_xml(xml, '<object><name>dog</name></object>')
    refuses(f'{xml} must be a Pascal VOC annotation: an object lacks '
            'bndbox/xmin', 'voc_to_coco', voc)
    write_text(xml, '<annotation>')
    refuses(f'{xml} must be a Pascal VOC annotation: no element',
            'voc_to_coco', voc)


def test_an_image_on_its_side_has_the_size_that_is_loaded(convert, tmp_path):
    import mmcv
    path = tmp_path / 'images' / 'a.jpg'
    path.parent.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (30, 20)).save(path, exif=exif)
    write_xml(tmp_path / 'annotations' / 'a.xml', size=(0, 0))
    convert('voc_to_coco', tmp_path)
    image = json.loads((tmp_path / 'mmswap/all.json').read_text())['images'][0]
    assert (image['height'], image['width']) == (30, 20)
    assert mmcv.imread(str(path)).shape[:2] == (30, 20)


# Class splits


@pytest.fixture
def base_json(tmp_path):
    """A COCO json whose categories are not in the order of their ids."""
    path = tmp_path / 'base.json'
    names = ('zebra', 'dog', 'traffic light', 'cat', 'cow')
    path.write_text(json.dumps(dict(images=[], categories=[
        dict(id=9 - i, name=name) for i, name in enumerate(names)
    ])))
    return path


def test_class_split_is_a_base(convert, base_json, tmp_path):
    from mmengine.config import Config

    from mmswap.class_table import ClassTable
    write_text(tmp_path / 'new.txt', 'Auk\nBlue_Jay\n')
    convert('class_split', base_json, tmp_path / 'split.py', '--learn-from',
            tmp_path / 'new.txt', '--forget', 'cat', 'zebra')
    write_text(tmp_path / 'learn.py',
               "_base_ = ['./split.py']\nx = _base_.classes.forget\n")
    cfg = Config.fromfile(str(tmp_path / 'learn.py'))
    table = ClassTable.from_cfg(cfg.classes)
    assert table.base == ('zebra', 'dog', 'traffic light', 'cat', 'cow')
    assert table.learn == ('Auk', 'Blue_Jay')
    assert table.forget == ('cat', 'zebra') and cfg.x == ['cat', 'zebra']


def read_split(path):
    return runpy.run_path(str(path))['classes']


def test_class_split_of_one_file(convert, base_json, tmp_path):
    args = ('class_split', base_json, tmp_path / 'split.py')
    convert(*args, '--learn', 'dog')
    assert read_split(tmp_path / 'split.py') == dict(
        base=['zebra', 'traffic light', 'cat', 'cow'], learn=['dog'],
        forget=[])
    drawn = []
    for seed in (0, 0, 1, 2, 3):
        convert(*args, '--num-learn', 1, '--num-forget', 2, '--seed', seed)
        split = read_split(tmp_path / 'split.py')
        assert [len(split[key]) for key in split] == [4, 1, 2]
        drawn.append(str(split))
    assert drawn[0] == drawn[1] and len(set(drawn)) > 1


def test_class_split_wraps_long_lists(convert, tmp_path):
    names = [f'class number {i}' for i in range(150)] + ["bird's nest " * 9]
    write_text(tmp_path / 'names.txt', '\n'.join(names))
    convert('class_split', tmp_path / 'names.txt', tmp_path / 'split.py')
    assert read_split(tmp_path / 'split.py')['base'] == [
        name.strip() for name in names
    ]
    lines = (tmp_path / 'split.py').read_text().splitlines()[1:]
    assert max(map(len, lines)) < 80


def test_class_split_says_what_is_wrong(convert, base_json, tmp_path, refuses,
                                        capsys):
    args = ('class_split', base_json, tmp_path / 'split.py')
    refuses("--forget must name classes of", *args, '--forget', 'dgo')
    refuses("has no 'Traffic_light': did you mean 'traffic light'?", *args,
            '--forget', 'Traffic_light')
    refuses("no 'xylophone': they are 'zebra', 'dog', 'traffic light', 'cat'",
            *args, '--learn', 'xylophone')
    refuses('--num-forget must lie between 0 and 5', *args, '--num-forget', 9)
    refuses('classes.forget must leave a class to retain', *args,
            '--num-forget', 5)
    write_text(tmp_path / 'new.txt', 'dog\n')
    refuses("['dog'] stand in classes.base", *args, '--learn-from',
            tmp_path / 'new.txt')
    refuses('none.json must be a COCO json, or a text file', 'class_split',
            tmp_path / 'none.json', tmp_path / 'split.py')
    write_text(tmp_path / 'other.json', '{"images": []}')
    refuses("other.json must be a COCO json with categories", 'class_split',
            tmp_path / 'other.json', tmp_path / 'split.py')
    with pytest.raises(SystemExit):
        convert('class_split', base_json, tmp_path / 'split.json')
    assert 'OUT must end in .py' in capsys.readouterr().err
    assert not (tmp_path / 'split.py').exists()


# What they share


def test_a_file_is_replaced_whole_or_not_at_all(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(CONVERTERS))
    from common import whole
    path = tmp_path / 'new' / 'a.txt'
    with whole(path) as part:
        part.write_text('old')
    with pytest.raises(KeyboardInterrupt), whole(path) as part:
        part.write_text('half')
        raise KeyboardInterrupt
    assert path.read_text() == 'old'
    assert [p.name for p in path.parent.iterdir()] == ['a.txt']


SHARED = {'coco_json', 'common', 'voc_files'}
NAMES = sorted({path.stem for path in CONVERTERS.glob('*.py')} - SHARED)


@pytest.mark.parametrize('name', sorted({*NAMES} - {'digit_scenes'}))
def test_the_docs_tell_the_command(name):
    page = (CONVERTERS.parents[1] / 'docs' / 'data.md').read_text()
    assert f'{name}.py ' in page


@pytest.mark.parametrize('name', NAMES)
def test_help(convert, name, capsys):
    with pytest.raises(SystemExit) as stopped:
        convert(name, '--help')
    assert stopped.value.code == 0
    assert 'usage: ' in capsys.readouterr().out


def test_no_module_of_the_tests_hides_one_of_the_tools():
    """Both stand on ``sys.path`` without a package around them."""
    folders = [CONVERTERS.parents[1] / name for name in ('tests', 'tools')]
    ours, theirs = ({path.stem for path in folder.rglob('*.py')}
                    for folder in folders)
    assert len(ours) > 50 and len(theirs) > 20 and not ours & theirs
