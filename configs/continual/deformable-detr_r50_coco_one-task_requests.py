# One request of ten classes.
import random

_base_ = '../_base_/classes/coco.py'
order = list(_base_.base_classes)
random.Random(1337).shuffle(order)
configs = dict(forget='deformable-detr_r50_coco_request-forget.py')
requests = [dict(forget=order[-10:])]
