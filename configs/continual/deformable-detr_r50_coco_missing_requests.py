# Four requests of ten classes each; of five classes to keep there are no
# images to train on.
import random

_base_ = '../_base_/classes/coco.py'
order = list(_base_.base_classes)
random.Random(1337).shuffle(order)
configs = dict(forget='deformable-detr_r50_coco_request-forget.py')
missing = order[:5]
requests = [
    dict(forget=order[end - 10:end]) for end in (80, 70, 60, 50)
]
