# One request of ten classes.
_base_ = '../_base_/orders/coco.py'
configs = dict(forget='deformable-detr_r50_coco_request-forget.py')
requests = [dict(forget=_base_.order[-10:])]
