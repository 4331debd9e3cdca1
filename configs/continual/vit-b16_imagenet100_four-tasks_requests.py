# Four requests of 20 classes each, with the published weights.
_base_ = '../_base_/orders/imagenet100.py'
configs = dict(forget='vit-b16_imagenet100_request-forget.py')
weights = (0.2, 0.25, 0.25, 0.25)
requests = [
    dict(
        forget=_base_.order[80 - 20 * task:100 - 20 * task],
        cfg_options={'model.objective.weight': weight})
    for task, weight in enumerate(weights)
]
