# Four requests of ten classes each.
_base_ = '../_base_/orders/coco.py'
configs = dict(forget='deformable-detr_r50_coco_request-forget.py')
requests = [
    dict(forget=_base_.order[end - 10:end]) for end in (80, 70, 60, 50)
]
