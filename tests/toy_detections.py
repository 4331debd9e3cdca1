"""Hand-made mmdet samples of a tiny swap, and their scores by pycocotools."""
import io
from contextlib import redirect_stdout

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

SIZE = 64
CAT, DOG, COW, OWL = range(4)
NAMES = ('cat', 'dog', 'cow', 'owl')
CLASSES = dict(base=['cat', 'dog', 'cow'], learn=['owl'], forget=['dog'])
META = dict(classes=NAMES, swap_classes=CLASSES)
SPLIT_LABELS = dict(
    retain=(CAT, COW), forget=(DOG, ), learn=(OWL, ), all=(0, 1, 2, 3))
SPLIT_IMAGES = dict(
    retain=(10, 12, 14), forget=(11, 12, 15), learn=(13, 14), all=range(10,
                                                                        17))

# Two places for objects in each image, and boxes that find them more or less.
LEFT, RIGHT = (4, 4, 24, 28), (34, 30, 60, 58)
NEAR_LEFT, NEAR_RIGHT = (6, 5, 25, 30), (33, 33, 58, 58)
ELSEWHERE = (40, 2, 60, 20)

# Each image: its objects (label, box, ignored) and predictions (label, box,
# score). Image 10 is the one that a sampler of two ranks repeats; what is
# predicted there, and in images of other splits, changes the numbers.
SCENES = {
    10: ([(CAT, LEFT, 0)], [(CAT, NEAR_LEFT, .6), (CAT, ELSEWHERE, .95),
                            (DOG, NEAR_LEFT, .9)]),
    11: ([(DOG, RIGHT, 0)], [(DOG, RIGHT, .8), (CAT, RIGHT, .99)]),
    12: ([(CAT, LEFT, 0), (DOG, RIGHT, 0)], [(CAT, LEFT, .9),
                                             (DOG, NEAR_RIGHT, .7),
                                             (COW, ELSEWHERE, .5)]),
    13: ([(OWL, LEFT, 0)], [(OWL, NEAR_LEFT, .4), (COW, LEFT, .97)]),
    14: ([(COW, LEFT, 0), (OWL, RIGHT, 0)], [(COW, NEAR_LEFT, .8),
                                             (OWL, RIGHT, .3),
                                             (OWL, ELSEWHERE, .9)]),
    15: ([(DOG, LEFT, 0), (CAT, RIGHT, 1)], [(DOG, ELSEWHERE, .75),
                                             (CAT, ELSEWHERE, .98)]),
    16: ([], [(CAT, LEFT, .96), (OWL, RIGHT, .94)]),
}


def box_mask(box):
    """Boolean (64, 64) mask of a box, without its 10 leftmost columns.

    Two boxes that are almost the same then have masks that are less so.
    """
    x1, y1, x2, y2 = box
    mask = np.zeros((SIZE, SIZE), dtype=bool)
    mask[y1:y2, x1 + 10:x2] = True
    return mask


def to_rle(mask):
    """COCO's compressed RLE of a boolean mask, json friendly."""
    rle = mask_utils.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(size=rle['size'], counts=rle['counts'].decode())


def make_sample(img_id, keep=(0, 1, 2, 3), rle=False):
    """The DetDataSample of an image, predictions of labels in keep only."""
    objects, predictions = SCENES[img_id]
    predictions = [p for p in predictions if p[0] in keep]
    sample = DetDataSample(
        metainfo=dict(
            img_id=img_id,
            ori_shape=(SIZE, SIZE),
            instances=[
                dict(
                    bbox=list(map(float, box)),
                    bbox_label=label,
                    ignore_flag=ignored,
                    mask=to_rle(box_mask(box)))
                for label, box, ignored in objects
            ]))
    masks = [box_mask(p[1]) for p in predictions]
    sample.pred_instances = InstanceData(
        labels=torch.tensor([p[0] for p in predictions], dtype=torch.long),
        bboxes=torch.tensor([p[1] for p in predictions],
                            dtype=torch.float).reshape(-1, 4),
        scores=torch.tensor([p[2] for p in predictions], dtype=torch.float),
        masks=[to_rle(m) for m in masks] if rle else torch.from_numpy(
            np.array(masks, dtype=bool).reshape(-1, SIZE, SIZE)))
    valid = [o for o in objects if not o[2]]
    sample.gt_instances = InstanceData(
        labels=torch.tensor([o[0] for o in valid], dtype=torch.long),
        bboxes=torch.tensor([o[1] for o in valid]).reshape(-1, 4))
    return sample


def make_samples(**kwargs):
    """The samples of all seven images."""
    return [make_sample(img_id, **kwargs) for img_id in SCENES]


def reference(split, iou_type='bbox', images='all', digits=3):
    """AP by label, of a split, by pycocotools on filtered annotations.

    Args:
        split: The split.
        iou_type: bbox or segm.
        images: Those of which split.
        digits: To how many the figures are rounded, 3 as in CocoMetric.

    Returns:
        dict: Label to AP; ``None`` to the mean over them.
    """
    labels, annotations, results = SPLIT_LABELS[split], [], []
    for img_id in SPLIT_IMAGES[images]:
        objects, predictions = SCENES[img_id]
        for label, box, ignored in objects:
            if label in labels:
                annotations.append(
                    dict(
                        _shape(box),
                        id=len(annotations) + 1,
                        image_id=img_id,
                        category_id=label,
                        iscrowd=ignored))
        for label, box, score in predictions:
            if label in labels:
                shape = _shape(box)
                if iou_type == 'segm':
                    del shape['bbox']
                results.append(
                    dict(
                        shape,
                        image_id=img_id,
                        category_id=label,
                        score=score))
    with redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = dict(
            info={},
            images=[
                dict(id=i, width=SIZE, height=SIZE)
                for i in SPLIT_IMAGES[images]
            ],
            categories=[dict(id=i, name=NAMES[i]) for i in labels],
            annotations=annotations)
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(results), iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
    # (IoU thresholds, recalls, classes, areas, numbers of detections)
    precision = evaluation.eval['precision'][:, :, :, 0, -1]
    found = {
        label: round(float(precision[:, :, i].mean()), digits)
        for i, label in enumerate(labels)
    }
    found[None] = round(float(precision.mean()), digits)
    return found


def _shape(box):
    x1, y1, x2, y2 = map(float, box)
    return dict(
        bbox=[x1, y1, x2 - x1, y2 - y1],
        area=(x2 - x1) * (y2 - y1),
        segmentation=to_rle(box_mask(box)))
