"""What ``mmswap init`` writes, by loading it."""
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from init_bases import DIGITS, config
from mmengine.config import Config
from mmengine.registry import DefaultScope
from PIL import Image

from mmswap.apis.init import Settings, Source, init_swap
from mmswap.apis.init.layout import assignment
from mmswap.apis.init.names import unique_names
from mmswap.apis.init.stock import read_stock
from mmswap.registry import DATA_SAMPLERS, DATASETS, MODELS

DETECTOR = 'mask2former_swin-nano'
ANNOTATIONS = Path('data/digits/annotations')
LEARN = Source('--new', ANNOTATIONS / 'learn.json')
VAL = Source('--val', ANNOTATIONS / 'val.json')
MAPS = Source('--new', Path('data/digits'), Path('data/digits/images/learn'),
              Path('data/digits/semantic_bg/learn'))
NAMED = Settings(learn=('eight', 'nine'))


def code_lines(path):
    return [line for line in Path(path).read_text().splitlines()
            if line.strip() and not line.startswith('#')]


def run(digits, name=DETECTOR, new=LEARN, forget=('three', 'five'),
        classes=DIGITS, **kwargs):
    """The written configs, by the ends of their names."""
    checkpoint = digits(name, classes)
    paths = init_swap(config(name), checkpoint, new, forget, **kwargs)
    return {path.stem.rpartition('_')[2]: Config.fromfile(str(path))
            for path in paths}


def built(cfg):
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return DATASETS.build(cfg.train_dataloader.dataset)


def branches(cfg):
    """How many images each data set of each branch has."""
    return {name: [len(d) for d in sets]
            for name, sets in built(cfg).branches.items()}


def test_detection(digits):
    base = Config.fromfile(config(DETECTOR))
    cfgs = run(digits, val=VAL)
    learn, forget = cfgs['learn'], cfgs['forget']
    assert learn.model.type == 'mmswap.SwapModel'
    assert learn.model.model == base.model
    assert learn.model.classes == dict(
        base=DIGITS, learn=['eight', 'nine'], forget=['three', 'five'])
    assert 'adapter' not in learn.model
    loader = learn.train_dataloader
    assert loader.batch_size == 4 and 'batch_sampler' not in loader
    assert (loader.sampler.retain, loader.sampler.target) == (2, 2)
    assert loader.dataset.new == dict(ann_file='annotations/learn.json')
    assert loader.dataset.old == base.train_dataloader.dataset
    for key in ('val_dataloader', 'test_dataloader'):
        inner = learn[key].dataset
        assert inner.get('keep', 'all') == 'all'
        assert inner.dataset == dict(base.val_dataloader.dataset,
                                     ann_file='annotations/val.json')
    assert learn.val_evaluator.metrics == base.val_evaluator
    assert learn.train_cfg.max_iters == learn.train_cfg.val_interval == 300
    assert learn.optim_wrapper.optimizer.type == 'AdamW'
    assert learn.load_from == str(digits(DETECTOR))
    assert forget.model.objective == dict(
        type='mmswap.ClassForgetObjective')
    # What is to be forgotten is retained until then, the default.
    assert 'forgotten' not in learn.train_dataloader.dataset
    assert [part.keep for part in built(learn).branches['retain']] == 2 * [
        ['retain', 'forget']]
    assert forget.train_dataloader.dataset.forgotten == 'background'
    assert forget.train_dataloader.dataset.phase == 'forget'
    assert forget.load_from == (
        'work_dirs/mask2former_swin-nano_base_learn/iter_300.pth')
    assert branches(learn)['learn'] == [6]
    assert branches(forget)['retain'][1] == 6
    assert all(sum(count) for count in branches(forget).values())


@pytest.mark.parametrize('preset, adapter, groups', [
    # 4 blocks of the backbone, 3 layers of each decoder.
    ('fast', dict(last=.5), 7),
    ('small', dict(last=.25), 4),
])
def test_presets(digits, preset, adapter, groups):
    """In the last blocks alone, in each phase."""
    cfgs = run(digits, settings=Settings(preset=preset))
    for cfg in cfgs.values():
        assert cfg.model.adapter == adapter
        with DefaultScope.overwrite_default_scope('mmdet'):
            names = list(MODELS.build(cfg.model).groups)
        assert len(names) == groups
        assert names[-1].startswith('panoptic_head.transformer_decoder')


def test_a_preset_that_is_none(digits):
    with pytest.raises(ValueError, match="--preset must be one of .*'quick'"):
        run(digits, settings=Settings(preset='quick'))


def test_semantic_maps(digits):
    cfg = run(digits, 'fcn_r18-nano', MAPS, classes=None,
              settings=NAMED)['learn']
    new = cfg.train_dataloader.dataset.new
    assert new == dict(data_prefix=dict(
        img_path='images/learn/', seg_map_path='semantic_bg/learn/'))
    assert 'adapter' not in cfg.model
    # Nothing is labelled with what is learned.
    assert cfg.val_dataloader.dataset.keep == ['retain', 'forget']
    assert cfg.val_evaluator.images == 'split'
    # A pixel always has a class: forgotten as published.
    assert cfg.train_dataloader.dataset.forgotten == 'left_out'
    text = Path('fcn_r18-nano_base_learn.py').read_text()
    assert 'eight 9, nine 10' in text
    assert all(map(sum, branches(cfg).values()))


def test_classification_with_a_validation_set_of_its_own(digits):
    new = Source('--new', Path('data/digits/single/learn'))
    val = Source('--val', Path('data/digits/single/learn'))
    cfg = run(digits, 'vit-nano', new, val=val)['learn']
    retained, learned = cfg.val_dataloader.dataset.datasets
    assert retained.keep == ['retain', 'forget'] and learned.keep == 'learn'
    assert learned.dataset.data_prefix == 'data/digits/single/learn/'
    assert cfg.val_evaluator.images == 'split'
    assert cfg.train_dataloader.batch_size == 32
    assert all(map(sum, branches(cfg).values()))


def test_one_phase_alone(digits):
    cfgs = run(digits, new=None)
    assert list(cfgs) == ['forget']
    objective = cfgs['forget'].model.objective
    assert objective.type == 'mmswap.ClassForgetObjective'
    assert cfgs['forget'].train_dataloader.dataset.forgotten == 'background'
    assert set(branches(cfgs['forget'])) == {'retain', 'forget'}
    cfgs = run(digits, forget=())
    assert list(cfgs) == ['learn']
    assert 'forgotten' not in cfgs['learn'].train_dataloader.dataset


def test_to_forget_first(digits):
    cfgs = run(digits, val=VAL, settings=Settings(order='forget-learn'))
    first, learn = cfgs['forget-first'], cfgs['learn']
    assert first.load_from == str(digits(DETECTOR))
    assert learn.load_from.endswith('base_forget-first/iter_300.pth')
    # What was forgotten is not to be learned again.
    assert learn.train_dataloader.dataset.forgotten == 'left_out'
    assert first.train_dataloader.dataset.forgotten == 'background'
    # Nothing is learned yet that could be retained: the old images, and those
    # of what is forgotten without its labels.
    assert [len(sets) for sets in branches(first).values()] == [2, 1]


def test_categories_without_an_image_are_left_out(digits):
    content = json.loads(LEARN.path.read_text())
    content['categories'].append(dict(id=99, name='ten'))
    Path('more.json').write_text(json.dumps(content))
    new = Source('--new', Path('more.json'))
    cfg = run(digits, new=new, val=VAL)['learn']
    assert cfg.classes.learn == ['eight', 'nine']
    assert cfg.train_dataloader.dataset.new.data_root == ''
    with pytest.raises(ValueError, match='--new.*ten'):
        run(digits, new=new, force=True, settings=Settings(learn=('ten', )))


@pytest.mark.parametrize('key, changes', [
    ('--forget.*threee.*three', dict(forget=['threee'])),
    ('--new or --forget', dict(new=None, forget=())),
    ('--new must show', dict(new=Source('--new', ANNOTATIONS / 'base.json'))),
    ('--learn.*three', dict(settings=Settings(learn=('three', )))),
    ('--learn.*owl', dict(settings=Settings(learn=('owl', )))),
    ('--new with --learn|--new must be given',
     dict(new=None, settings=Settings(learn=('owl', )))),
    ('--new must be a COCO json', dict(new=Source('--new', Path('no.json')))),
    ('--new-images', dict(new=LEARN._replace(images=Path('no')))),
    ('--val must have images.*eight',
     dict(val=Source('--val', ANNOTATIONS / 'base.json'))),
    ('--order', dict(settings=Settings(order='learn'))),
    ('--batch-size', dict(settings=Settings(batch_size=1))),
])
def test_what_cannot_be_is_refused(key, changes, digits):
    with pytest.raises((ValueError, FileNotFoundError), match=key):
        run(digits, **changes)
    assert not list(Path().glob('*.py'))


def test_checkpoints_that_do_not_fit_are_refused(digits):
    path = Path(digits(DETECTOR))
    state = torch.load(path, weights_only=False)['state_dict']
    part = {k: v for k, v in state.items() if 'cls_embed' not in k}
    for name, content, key in (
            ('other', dict(state_dict=state, meta=dict(
                dataset_meta=dict(classes=('cat', )))), '--checkpoint.*cat'),
            ('part', dict(state_dict=part, meta={}), '--checkpoint.*cls_emb')):
        torch.save(content, f'{name}.pth')
        with pytest.raises(ValueError, match=key):
            init_swap(config(DETECTOR), f'{name}.pth', LEARN)
    with pytest.raises(FileNotFoundError, match='checkpoint'):
        init_swap(config(DETECTOR), 'none.pth', LEARN)


@pytest.mark.parametrize('text, key', [
    ('from mmengine.config import read_base\nwith read_base():\n    pass\n',
     'read_base'),
    ("model = dict(type='mmswap.SwapModel')\n", 'SwapModel'),
    ("model = dict(type='Mask2Former')\n", 'train_dataloader'),
])
def test_stock_configs_that_cannot_be_are_refused(text, key, tmp_path):
    (tmp_path / 'site.py').write_text(text)
    with pytest.raises(ValueError, match=f'STOCK_CONFIG.*{key}'):
        read_stock(tmp_path / 'site.py')


def test_files_are_overwritten_on_demand_only(digits):
    run(digits, val=VAL)
    with pytest.raises(FileExistsError, match='--out.*--force'):
        run(digits, val=VAL)
    assert run(digits, val=VAL, force=True)


@pytest.mark.parametrize('name', [
    'mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py',
    'mmseg::segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py',
    'mmpretrain::vision_transformer/vit-base-p16_64xb64_in1k.py',
])
def test_configs_of_libraries_are_inherited_by_name(name, tmp_path):
    lines = assignment('_base_', read_stock(name).base(tmp_path))
    assert name in ''.join(lines)
    cfg = Config.fromstring('\n'.join(lines), '.py')
    assert cfg.default_scope == name.partition('::')[0]


def test_classes_of_one_name_are_told_apart():
    assert unique_names(('crane', 'cat', 'crane')) == (
        'crane (0)', 'cat', 'crane (2)')


def test_old_images_that_are_gone(digits):
    Path('site.py').write_text(
        f"_base_ = '{config(DETECTOR)}'\n"
        "train_dataloader = dict(dataset=dict(ann_file='gone.json'))\n")
    with pytest.raises(FileNotFoundError,
                       match='ann_file .*gone.json; mmswap pseudo-label'):
        init_swap('site.py', digits(DETECTOR), LEARN)


def test_without_old_images_new_ones_must_show_old_classes(digits):
    with pytest.raises(ValueError, match='--new must be labelled .*learn'):
        run(digits, settings=Settings(without_old=True))


def test_a_dense_head_without_old_images(digits):
    """It learns from new images alone, and the base model is held."""
    cfgs = run(digits, 'yolox-nano',
               new=Source('--new', ANNOTATIONS / 'val.json'),
               settings=Settings(without_old=True))
    sizes, weights = {}, {}
    for phase, cfg in cfgs.items():
        sampler = DATA_SAMPLERS.build(
            cfg.train_dataloader.sampler,
            default_args=dict(dataset=built(cfg), seed=0))
        sizes[phase] = sampler.branch_sizes
        weights[phase] = (cfg.model.objective.get('retain_weight', 1),
                          cfg.model.objective.hold_weight)
        assert cfg.train_dataloader.batch_size == 4
    assert sizes == dict(learn=dict(learn=4), forget=dict(retain=3, forget=1))
    assert weights == dict(learn=(0, 2), forget=(1, 1))
    # Each new image counts with all of its labels.
    part, = built(cfgs['learn']).branches['learn']
    assert set(part.keep) == {'retain', 'forget', 'learn'}


def test_new_images_that_are_labelled_with_old_classes(digits):
    """The validation scenes show all digits."""
    cfgs = run(digits, new=Source('--new', ANNOTATIONS / 'val.json'))
    dataset = cfgs['learn'].train_dataloader.dataset
    assert dataset.new_labels == 'all' and 'old' in dataset
    assert all(sum(count) for count in branches(cfgs['learn']).values())


def test_maps_without_old_images(digits):
    """Those of the validation scenes show all digits."""
    settings = NAMED._replace(without_old=True)
    everything = MAPS._replace(images=Path('data/digits/images/val'),
                               maps=Path('data/digits/semantic_bg/val'))
    with pytest.raises(ValueError, match='--new must be labelled with old'):
        run(digits, 'fcn_r18-nano', _of_new_alone(everything), classes=None,
            settings=settings)
    cfg = run(digits, 'fcn_r18-nano', everything, classes=None,
              settings=settings)['learn']
    assert 'old' not in cfg.train_dataloader.dataset
    # New pixels are few among all that are labelled.
    assert cfg.model.objective.weight == 4
    found = built(cfg).branches
    # A map is labelled with all that it shows, in either branch.
    for branch in ('retain', 'learn'):
        labels = set()
        for part in found[branch]:
            for i in range(len(part)):
                labels |= set(part[i]['data_samples'].gt_sem_seg.data.unique()
                              .tolist())
        assert {0, 9, 10} <= labels and labels & set(range(1, 9))


def _of_new_alone(source):
    """The same maps, in which all but new digits is to be ignored."""
    folder = Path('new_alone')
    folder.mkdir()
    for path in source.maps.iterdir():
        drawn = np.array(Image.open(path))
        drawn[drawn < 9] = 255
        Image.fromarray(drawn).save(folder / path.name)
    return source._replace(maps=folder)


def test_images_with_one_label_cannot_do_without_old_ones(digits):
    with pytest.raises(ValueError, match='--without-old .*mmpretrain'):
        run(digits, 'vit-nano', LEARN, classes=None,
            settings=Settings(without_old=True))
