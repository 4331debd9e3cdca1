# One request of 20 classes, with the published constants of a single request
# (CASIA-Face100).
_base_ = '../_base_/orders/imagenet100.py'
configs = dict(forget='vit-b16_imagenet100_request-forget.py')
requests = [
    dict(
        forget=_base_.order[80:],
        cfg_options={
            'model.objective.bound': 110.,
            'model.objective.weight': 0.05,
            'model.objective.forget_prototype_weight': 0.005,
            'optim_wrapper.group_sparse.alpha': 0.01
        })
]
