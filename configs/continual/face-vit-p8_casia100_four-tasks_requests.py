# Four requests of 20 classes each, with the published weights.
import random

# The order in which classes are forgotten, drawn with the published seed; the
# published order itself is not known.
order = [f'{number:03d}' for number in range(100)]
random.Random(1337).shuffle(order)
configs = dict(forget='face-vit-p8_casia100_request-forget.py')
weights = (0.2, 0.25, 0.25, 0.2)
requests = [
    dict(
        forget=order[80 - 20 * task:100 - 20 * task],
        cfg_options={'model.objective.weight': weight})
    for task, weight in enumerate(weights)
]
