"""Time the scores of a swap's splits against one evaluation of the whole.

Images of 80 base and 2 learned classes are made up, with 7 objects and 100
predicted boxes each, 7 of them near the objects. Seconds are those that the
process had, without a model.
"""
import argparse
import time
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import torch
from mmdet.evaluation import CocoMetric
from mmdet.utils import register_all_modules

from mmswap.evaluation import SwapEvaluator

NAMES = [f'class {number}' for number in range(82)]
TABLE = dict(base=NAMES[:80], learn=NAMES[80:], forget=NAMES[3:4])
OBJECTS, PREDICTED = 7, 100
SIZE = 640


def make_sample(draw: np.random.RandomState, image: int) -> Dict[str, Any]:
    """What a detector's sample is for a metric."""
    corners = np.sort(draw.rand(PREDICTED, 2, 2) * SIZE, 1)
    boxes = corners.reshape(PREDICTED, 4)
    labels = draw.randint(0, len(NAMES), PREDICTED)
    near = boxes + draw.randn(*boxes.shape)
    found = np.concatenate((near[:OBJECTS], boxes[OBJECTS:]))
    return dict(
        img_id=image, ori_shape=(SIZE, SIZE),
        instances=[
            dict(bbox=box.tolist(), bbox_label=int(label), ignore_flag=0)
            for box, label in zip(boxes[:OBJECTS], labels)],
        pred_instances=dict(
            bboxes=torch.from_numpy(found).float(),
            labels=torch.from_numpy(labels),
            scores=torch.from_numpy(draw.rand(PREDICTED)).float()))


def timed(process: Callable[[List[dict]], Any], evaluate: Callable[[int], Any],
          samples: List[dict]) -> Tuple[float, Dict[str, float]]:
    """Feed samples one by one; CPU seconds and results."""
    started = time.process_time()
    for sample in samples:
        process([sample])
    results = evaluate(len(samples))
    return time.process_time() - started, results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=1000)
    args = parser.parse_args()
    register_all_modules(init_default_scope=False)
    draw = np.random.RandomState(0)
    samples = [make_sample(draw, image) for image in range(args.images)]
    stock = CocoMetric(metric='bbox', classwise=True)
    stock.dataset_meta = dict(classes=NAMES)
    swap = SwapEvaluator(
        dict(type='mmdet.CocoMetric', metric='bbox'), classes=TABLE)
    swap.dataset_meta = dict(classes=NAMES, swap_classes=TABLE)
    whole, wanted = timed(lambda part: stock.process({}, part),
                          stock.evaluate, samples)
    splits, found = timed(swap.process, swap.evaluate, samples)
    mean_ap = 'coco/bbox_mAP'
    print(f'\n| scored | CPU s | mAP |\n| --- | --- | --- |\n'
          f'| whole | {whole:.1f} | {wanted[mean_ap]:.3f} |\n'
          f'| whole and splits | {splits:.1f} | {found["all/" + mean_ap]:.3f} '
          f'|\n\n{splits / whole:.2f} times one evaluation')


if __name__ == '__main__':
    main()
