# Four requests of 20 classes each with four images a class, to forget and to
# retain, and the published constants of CASIA-Face100. An epoch runs over the
# classes that are retained, four images at a time: 80, 60, 40 and 20 steps, a
# hundred times.
_base_ = '../_base_/orders/imagenet100.py'
configs = dict(forget='vit-b16_imagenet100_request-forget.py')
# Weight of the forget loss, and of the prototypes.
weights = ((0.3, 0.015), (0.4, 0.06), (0.28, 0.025), (0.2, 0.012))
requests = [
    dict(
        forget=_base_.order[kept:kept + 20],
        cfg_options={
            'train_dataloader.dataset.subset.shots': 4,
            'train_dataloader.batch_size': 8,
            'train_dataloader.sampler.retain': 4,
            'train_dataloader.sampler.target': 4,
            'train_cfg.max_iters': 100 * kept,
            'param_scheduler.0.end': 100 * kept,
            'model.objective.weight': weight,
            'model.objective.forget_prototype_weight': prototypes,
            'model.objective.prototype_bound': 50.
        }) for kept, (weight, prototypes) in zip((80, 60, 40, 20), weights)
]
