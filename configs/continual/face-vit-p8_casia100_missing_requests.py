# Four requests of 20 classes each; of the first five classes of the order
# there are no images to train on. Published constants. An epoch runs over 65
# images of each of the 75, 55, 35 and 15 classes that are retained and have
# some, 48 at a time: 102, 75, 48 and 21 steps, a hundred times.
_base_ = '../_base_/orders/casia100.py'
configs = dict(forget='face-vit-p8_casia100_request-forget.py')
missing = _base_.order[:5]
plan = ((80, 102, 0.14), (60, 75, 0.14), (40, 48, 0.2), (20, 21, 0.15))
requests = [
    dict(
        forget=_base_.order[kept:kept + 20],
        cfg_options={
            'train_cfg.max_iters': 100 * epoch,
            'param_scheduler.0.end': 100 * epoch,
            'model.objective.weight': weight,
            'model.objective.forget_prototype_weight': 3e-4,
            'optim_wrapper.group_sparse.alpha': 0.015,
            'optim_wrapper.group_sparse.start': 30 * epoch
        }) for kept, epoch, weight in plan
]
