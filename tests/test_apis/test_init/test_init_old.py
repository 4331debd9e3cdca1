"""Old images that take the place of the stock config's."""
from pathlib import Path

import pytest
from init_bases import config
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmswap.apis.cli import main
from mmswap.apis.init import Settings, Source, init_swap
from mmswap.registry import DATASETS

DETECTOR = 'mask2former_swin-nano'
DATA = Path('data/digits')
LEARN = Source('--new', DATA / 'annotations/learn.json',
               DATA / 'images/learn')
# Scenes of all digits, as a base model may have labelled them.
SCENES = Source('--old', DATA / 'annotations/val.json', DATA / 'images/val')
MAPS = Source('--new', DATA, DATA / 'images/learn', DATA / 'semantic_bg/learn')
GONE = "train_dataloader = dict(dataset=dict(ann_file='gone.json'))\n"


def site(name, changes=''):
    """A stock config of the digits with changes."""
    Path('site.py').write_text(f"_base_ = '{config(name)}'\n{changes}")
    return 'site.py'


def swap(stock, checkpoint, new=LEARN, forget=('three', ), **settings):
    """The branches of each phase, built: the folders of their images."""
    settings = Settings(**{'old': SCENES, **settings})
    written = init_swap(stock, checkpoint, new, forget, settings=settings)
    found = {}
    for path in written:
        cfg = Config.fromfile(str(path))
        with DefaultScope.overwrite_default_scope(cfg.default_scope):
            branches = DATASETS.build(cfg.train_dataloader.dataset).branches
        found[path.stem.rpartition('_')[2]] = {
            name: [folders(part) for part in parts]
            for name, parts in branches.items()}
    return found


def folders(dataset):
    """The folders that a data set has images of."""
    return {Path(dataset[i]['data_samples'].img_path).parent.name
            for i in range(len(dataset))}


def test_of_a_detector_whose_own_are_gone(digits):
    found = swap(site(DETECTOR, GONE), digits(DETECTOR))
    assert found['learn'] == dict(retain=[{'val'}, {'val'}],
                                  learn=[{'learn'}])
    # With the images of three without its label.
    assert found['forget'] == dict(retain=[{'val'}, {'learn'}, {'val'}],
                                   forget=[{'val'}])
    cfg = Config.fromfile('site_learn.py')
    base = Config.fromfile(config(DETECTOR))
    assert cfg.train_dataloader.dataset.old == dict(
        base.train_dataloader.dataset, ann_file='annotations/val.json',
        data_prefix=dict(img='images/val/'))


def test_in_the_wrappers_of_the_stock_config(digits):
    """Those of one data set, and of several, of which one remains."""
    repeated = 'dict(type="RepeatDataset", times=2, dataset={0})'
    several = 'dict(type="ConcatDataset", datasets=[{0}, {0}])'
    own = '_base_.train_dataloader.dataset'
    for wrapper in (repeated, several.format(repeated)):
        changes = ('train_dataloader = dict(dataset=dict(_delete_=True, '
                   f'**{wrapper.format(own)}))\n')
        found = swap(site(DETECTOR, changes), digits(DETECTOR), forget=())
        assert found['learn']['retain'] == [{'val'}]
        assert found['learn']['learn'] == [{'learn'}]
        Path('site_learn.py').unlink()


def test_of_a_segmentor(digits):
    for folder in ('images', 'semantic_bg'):
        Path(f'old/{folder}').mkdir(parents=True)
        for path in (DATA / folder / 'base').resolve().iterdir():
            Path(f'old/{folder}/{path.name}').symlink_to(path)
    old = Source('--old', Path('old'), maps=Path('old/semantic_bg'))
    found = swap(config('fcn_r18-nano'), digits('fcn_r18-nano', None), MAPS,
                 old=old, learn=('eight', 'nine'))
    assert found['learn'] == dict(retain=[{'images'}], learn=[{'learn'}])
    assert found['forget']['forget'] == [{'images'}]
    with pytest.raises(ValueError, match=r'--old must be maps .*\[9, 10\]'):
        swap(config('fcn_r18-nano'), digits('fcn_r18-nano', None), MAPS,
             old=MAPS._replace(option='--old'), learn=('eight', 'nine'))


def test_of_a_classifier(digits):
    """Sorted by the base model, which need not find one of each class."""
    for name in ('zero', 'three', 'five'):
        Path(f'sorted/{name}').mkdir(parents=True)
        for path in (DATA / f'single/base/{name}').resolve().iterdir():
            Path(f'sorted/{name}/{path.name}').symlink_to(path)
    found = swap(config('vit-nano'), digits('vit-nano'),
                 Source('--new', DATA / 'single/learn'),
                 old=Source('--old', Path('sorted')))
    assert found['learn'] == dict(retain=[{'zero', 'five'}],
                                  learn=[{'eight', 'nine'}])
    assert found['forget']['forget'] == [{'three'}]


@pytest.mark.parametrize('key, changes', [
    ('--without-old must be left out with --old', dict(without_old=True)),
    ('--old must be labelled .*eight.*learn.json; mmswap pseudo-label',
     dict(old=LEARN._replace(option='--old'))),
    ('--old must be a COCO json, got no.json',
     dict(old=Source('--old', Path('no.json')))),
    ('--old-images must be', dict(old=SCENES._replace(images=Path('no')))),
])
def test_what_cannot_be(key, changes, digits):
    with pytest.raises((ValueError, FileNotFoundError), match=key):
        swap(config(DETECTOR), digits(DETECTOR), **changes)
    assert not list(Path().glob('*.py'))


def test_old_images_must_show_what_is_forgotten(digits):
    text = SCENES.path.read_text().replace('"three"', '"thirteen"')
    Path('old.json').write_text(text)
    old = Source('--old', Path('old.json'), DATA / 'images/val')
    with pytest.raises(ValueError, match='--forget .*old.json has .*three'):
        swap(config(DETECTOR), digits(DETECTOR), old=old)


def test_the_command_takes_them(digits):
    main(['init', config(DETECTOR), '--checkpoint', str(digits(DETECTOR)),
          '--new', str(LEARN.path), '--old', str(SCENES.path),
          '--old-images', str(DATA / 'images/val')])
    cfg, = (Config.fromfile(str(path)) for path in Path().glob('*_learn.py'))
    assert cfg.train_dataloader.dataset.old.ann_file == 'annotations/val.json'
