# Four requests of 20 classes each; of the first five classes of the order
# there are no images to train on. Published constants of CASIA-Face100.
_base_ = '../_base_/orders/imagenet100.py'
configs = dict(forget='vit-b16_imagenet100_request-forget.py')
missing = _base_.order[:5]
weights = (0.14, 0.14, 0.2, 0.15)
requests = [
    dict(
        forget=_base_.order[80 - 20 * task:100 - 20 * task],
        cfg_options={
            'model.objective.weight': weight,
            'model.objective.forget_prototype_weight': 3e-4,
            'optim_wrapper.group_sparse.alpha': 0.015,
            # 30 epochs.
            'optim_wrapper.group_sparse.start': 30 * 109
        }) for task, weight in enumerate(weights)
]
