# Four requests of ten classes each, with four images a class.
import random

_base_ = '../_base_/classes/coco.py'
order = list(_base_.base_classes)
random.Random(1337).shuffle(order)
configs = dict(forget='deformable-detr_r50_coco_request-forget.py')
shots = {
    f'train_dataloader.dataset.branches.{branch}.0.shots': 4
    for branch in ('retain', 'forget')
}
requests = [
    dict(forget=order[end - 10:end], cfg_options=shots)
    for end in (80, 70, 60, 50)
]
