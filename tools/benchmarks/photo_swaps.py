"""The configs of the swaps on photographs."""
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

from mmengine.config import Config

from mmswap.apis.init import Settings, Source, init_swap

# mmdet's config, at 416 px and without what stands between images and boxes.
STOCK = """_base_ = 'mmdet::yolox/yolox_nano_8xb8-300e_coco.py'
data_root = {root!r}
names = {names!r}
load = dict(type='LoadImageFromFile')
boxes = dict(type='LoadAnnotations', with_bbox=True)
size = [
    dict(type='Resize', scale=(416, 416), keep_ratio=True),
    dict(type='Pad', pad_to_square=True, pad_val=dict(img=(114., 114., 114.)))]
train_dataloader = dict(
    _delete_=True, batch_size=8, num_workers={workers},
    persistent_workers={persistent},
    sampler=dict(type='DefaultSampler', shuffle=True), dataset=dict(
        type='CocoDataset', data_root=data_root, ann_file={train!r},
        data_prefix=dict(img=''), metainfo=dict(classes=names),
        filter_cfg=dict(filter_empty_gt=True, min_size=1), pipeline=[
            load, boxes, dict(type='RandomFlip', prob=.5), *size,
            dict(type='PackDetInputs')]))
val_dataloader = dict(
    _delete_=True, batch_size=8, num_workers={workers}, drop_last=False,
    persistent_workers={persistent},
    sampler=dict(type='DefaultSampler', shuffle=False), dataset=dict(
        type='CocoDataset', data_root=data_root, ann_file={val!r},
        data_prefix=dict(img=''), metainfo=dict(classes=names),
        test_mode=True, pipeline=[
            load, *size, boxes, dict(type='PackDetInputs', meta_keys=(
                'img_id', 'img_path', 'ori_shape', 'img_shape',
                'scale_factor'))]))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + {val!r}, format_only=False)
test_evaluator = val_evaluator
model = dict(
    data_preprocessor=dict(batch_augments=None),
    bbox_head=dict(num_classes={num}))
custom_hooks = []
"""


class Photos(NamedTuple):
    """Photographs, and what is learned and forgotten on them.

    Attributes:
        root: Folder of the images and jsons.
        names: The base model's classes, by label.
        train: The json that it was trained on, below the root.
        learn: That of the class to learn, which alone is labelled.
        val: That of all classes.
        forget: The classes to forget.
    """

    root: Path
    names: Sequence[str]
    train: str
    learn: str
    val: str
    forget: Sequence[str]

    @property
    def learn_all(self) -> str:
        """The json of the new images with pseudo-labels of old classes."""
        return f'{Path(self.learn).stem}_all.json'


class Unlabelled(NamedTuple):
    """What the base model finds in old images as if none were labelled.

    Attributes:
        labelled: The json of all of them, with what it finds.
        showing: That of those that show what is to be forgotten.
        synthesized: That of images that are made out of the model; their
            folder is beside it.
    """

    labelled: Path
    showing: Path
    synthesized: Path


class Swap(NamedTuple):
    """A way to learn, and to forget, and what it is called.

    Attributes:
        title: For the table.
        labels: Which json of new images: ``'learn'``, of the new class alone,
            or ``'all'``, with pseudo-labels of the old ones.
        old: Whether there are old images: ``'all'`` of them, ``'few'``, 10 a
            class, all of them without a label (``'unlabelled'``), such as
            the base model makes (``'synthesized'``), or ``'none'``.
        trains: ``'adapter'``, or ``'all'`` weights.
        forgets: Whether it goes on with forgetting.
    """

    title: str
    labels: str
    old: str
    trains: str = 'adapter'
    forgets: bool = True

    @property
    def alone(self) -> bool:
        """Whether nothing shows what is retained, neither image nor label."""
        return self.old == 'none' and self.labels == 'learn'


SWAPS: Dict[str, Swap] = dict(
    old=Swap('old images', 'learn', 'all'),
    old_pseudo=Swap('old images, pseudo-labels in the new', 'all', 'all'),
    few=Swap('10 old images a class, pseudo-labels', 'all', 'few'),
    unlabelled=Swap('old images with pseudo-labels alone', 'all',
                    'unlabelled'),
    synthesized=Swap('synthesized images', 'all', 'synthesized'),
    none=Swap('no old image, pseudo-labels', 'all', 'none'),
    lora=Swap('no old image, LoRA alone', 'learn', 'none', forgets=False),
    full=Swap('no old image, all weights', 'learn', 'none', 'all', False))
PHASES = ('learn', 'forget')
_FEW = 10
# Epochs of forgetting where ``mmswap init`` does not know the images: of 10
# as many steps as it writes for all of them.
_TO_FORGET = dict(few=100, synthesized=20, none=20)
# The rate at which a stock detector is fine-tuned, a tenth of its own.
_ALL_WEIGHTS = """model = dict(
    adapter=None, trains='all', objective=dict(hold_weight=0.))
optim_wrapper = dict(optimizer=dict(
    _delete_=True, type='SGD', lr=1e-3, momentum=.9, weight_decay=5e-4))
"""
_NOT_HELD = 'model = dict(objective=dict(hold_weight=0.))\n'


def write_stock(photos: Photos, path: Path, workers: int) -> Path:
    """Write the config that the base model counts as trained with.

    Args:
        photos: The photographs.
        path: The file.
        workers: Of the data loaders.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(STOCK.format(
        root=f'{photos.root.resolve().as_posix()}/', names=photos.names,
        train=photos.train, val=photos.val, num=len(photos.names),
        workers=workers, persistent=workers > 0))
    return path


def write_swap(name: str, photos: Photos, stock: Path, checkpoint: Path,
               out: Path, found: Unlabelled,
               epochs: Mapping[str, Optional[int]]) -> List[str]:
    """Write the configs of a swap: those of ``mmswap init``, and changes.

    Args:
        name: Key of :data:`SWAPS`.
        photos: The photographs.
        stock: The stock config.
        checkpoint: The base checkpoint.
        out: Folder for the configs.
        found: What the base model finds in images that nobody labelled.
        epochs: How long each phase trains; None as ``mmswap init`` has it.

    Returns:
        The configs, in order.
    """
    swap = SWAPS[name]
    without_old = swap.old == 'none' and not swap.alone
    ann = photos.learn if swap.labels == 'learn' else photos.learn_all
    instead = dict(
        unlabelled=Source('--old', found.labelled, photos.root),
        synthesized=Source('--old', found.synthesized)).get(swap.old)
    written = init_swap(
        str(stock), checkpoint,
        Source('--new', photos.root / ann, photos.root),
        photos.forget if swap.forgets else (),
        Source('--val', photos.root / photos.val, photos.root), out,
        Settings(without_old=without_old, old=instead), force=True)
    old = Config.fromfile(str(stock)).train_dataloader.dataset.to_dict()
    changes = _old_images(swap, dict(old, ann_file=ann), found)
    epochs = {**epochs,
              'forget': epochs['forget'] or _TO_FORGET.get(swap.old)}
    for phase, count in epochs.items():
        changes[phase] += _length(count) if count else ''
    if swap.trains == 'all':
        changes['learn'] += _ALL_WEIGHTS
    elif swap.alone:
        changes['learn'] += _NOT_HELD
    configs = []
    for path in written:
        phase = path.stem.rpartition('_')[2]
        if phase in PHASES:
            child = path.with_name(f'{phase}.py')
            child.write_text(
                f"_base_ = './{path.name}'\n{changes[phase]}")
            configs.append(str(child))
    return configs


def _old_images(swap: Swap, new: Mapping[str, object],
                found: Unlabelled) -> Dict[str, str]:
    """What the phases change of the images that ``mmswap init`` writes.

    Args:
        swap: The swap.
        new: The data set of the new images.
        found: What the base model finds in images that nobody labelled.

    Returns:
        A change for each phase.
    """
    if swap.old == 'few':
        return dict.fromkeys(
            PHASES, _dataset(f'subset=dict(old=dict(shots={_FEW}))'))
    changes = dict.fromkeys(PHASES, '')
    if swap.alone:
        only = dict(type='mmswap.ClassSubset', keep='learn', dataset=new)
        changes['learn'] = _dataset(
            "_delete_=True, type='mmswap.SwapDataset', "
            f'branches=dict.fromkeys(("retain", "learn"), dict({only!r}, '
            'classes=_base_.classes))')
    elif swap.old in ('none', 'synthesized'):
        file = found.showing.resolve().as_posix()
        images = dict(new, ann_file=file)
        changes['forget'] = _dataset(
            f"new_labels='all', old={images!r}, new={dict(new)!r}")
    return changes


def _length(epochs: int) -> str:
    return (f'train_cfg = dict(max_epochs={epochs}, val_interval={epochs})\n'
            f"param_scheduler = [dict(type='CosineAnnealingLR', "
            f'T_max={epochs})]\n')


def _dataset(changes: str) -> str:
    return f'train_dataloader = dict(dataset=dict({changes}))\n'
