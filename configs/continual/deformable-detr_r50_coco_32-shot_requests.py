# Seven requests of ten classes each, from 32 images for each class on average:
# 32 times the number of classes are drawn from all that show one of them,
# 2,240 to retain and 320 to forget at first. 30 epochs of 32 images are then
# 30 steps for each of the 70, 60, ... 10 classes that are retained.
_base_ = '../_base_/orders/coco.py'
configs = dict(forget='deformable-detr_r50_coco_request-forget.py')
kept = (70, 60, 50, 40, 30, 20, 10)
weights = (0.15, 0.15, 0.35, 0.6, 0.15, 0.2, 0.2)
subset = 'train_dataloader.dataset.subset'
requests = [
    dict(
        forget=_base_.order[start:start + 10],
        cfg_options={
            f'{subset}.fraction': None,
            f'{subset}.retain.num_images': 32 * start,
            f'{subset}.forget.num_images': 32 * 10,
            'model.objective.weight': weight,
            'train_cfg.max_iters': 30 * start
        }) for start, weight in zip(kept, weights)
]
