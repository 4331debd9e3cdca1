# One request of 20 classes, with the published constants of a single request
# (CASIA-Face100).
import random

# The order in which classes are forgotten, drawn with the published seed; the
# published order itself is not known.
_base_ = '../_base_/classes/imagenet100.py'
order = list(_base_.base_classes)
random.Random(1337).shuffle(order)
configs = dict(forget='vit-b16_imagenet100_request-forget.py')
requests = [
    dict(
        forget=order[80:],
        cfg_options={
            'model.objective.bound': 110.,
            'model.objective.weight': 0.05,
            'model.objective.forget_prototype_weight': 0.005,
            'optim_wrapper.group_sparse.alpha': 0.01
        })
]
