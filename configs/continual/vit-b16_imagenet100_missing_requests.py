# Four requests of 20 classes each; of the first five classes of the order
# there are no images to train on. Published constants of CASIA-Face100.
import random

# The order in which classes are forgotten, drawn with the published seed; the
# published order itself is not known.
_base_ = '../_base_/classes/imagenet100.py'
order = list(_base_.base_classes)
random.Random(1337).shuffle(order)
configs = dict(forget='vit-b16_imagenet100_request-forget.py')
missing = order[:5]
weights = (0.14, 0.14, 0.2, 0.15)
requests = [
    dict(
        forget=order[80 - 20 * task:100 - 20 * task],
        cfg_options={
            'model.objective.weight': weight,
            'model.objective.forget_prototype_weight': 3e-4,
            'optim_wrapper.group_sparse.alpha': 0.015,
            # 30 epochs.
            'optim_wrapper.group_sparse.start': 30 * 109
        }) for task, weight in enumerate(weights)
]
