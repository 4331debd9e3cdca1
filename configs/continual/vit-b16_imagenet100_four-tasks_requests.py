# Four requests of 20 classes each, with the published weights. An epoch runs
# over 65 images of each of the 80, 60, 40 and 20 classes that are retained, 48
# at a time: 109, 82, 55 and 28 steps, a hundred times.
_base_ = '../_base_/orders/imagenet100.py'
configs = dict(forget='vit-b16_imagenet100_request-forget.py')
plan = (
    (80, 10900, 0.2),
    (60, 8200, 0.25),
    (40, 5500, 0.25),
    (20, 2800, 0.25),
)
requests = [
    dict(
        forget=_base_.order[kept:kept + 20],
        cfg_options={
            'train_cfg.max_iters': num_iters,
            'param_scheduler.0.end': num_iters,
            'model.objective.weight': weight
        }) for kept, num_iters, weight in plan
]
