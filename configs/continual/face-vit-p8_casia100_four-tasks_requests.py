# Four requests of 20 classes each, with the published weights.
_base_ = '../_base_/orders/casia100.py'
configs = dict(forget='face-vit-p8_casia100_request-forget.py')
weights = (0.2, 0.25, 0.25, 0.2)
requests = [
    dict(
        forget=_base_.order[80 - 20 * task:100 - 20 * task],
        cfg_options={'model.objective.weight': weight})
    for task, weight in enumerate(weights)
]
