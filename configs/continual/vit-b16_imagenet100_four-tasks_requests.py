# Four requests of 20 classes each, with the published weights.
import random

# The order in which classes are forgotten, drawn with the published seed; the
# published order itself is not known.
_base_ = '../_base_/classes/imagenet100.py'
order = list(_base_.base_classes)
random.Random(1337).shuffle(order)
configs = dict(forget='vit-b16_imagenet100_request-forget.py')
weights = (0.2, 0.25, 0.25, 0.25)
requests = [
    dict(
        forget=order[80 - 20 * task:100 - 20 * task],
        cfg_options={'model.objective.weight': weight})
    for task, weight in enumerate(weights)
]
