# Four requests of ten classes each, with four images a class.
_base_ = '../_base_/orders/coco.py'
configs = dict(forget='deformable-detr_r50_coco_request-forget.py')
shots = {
    f'train_dataloader.dataset.branches.{branch}.0.shots': 4
    for branch in ('retain', 'forget')
}
requests = [
    dict(forget=_base_.order[end - 10:end], cfg_options=shots)
    for end in (80, 70, 60, 50)
]
