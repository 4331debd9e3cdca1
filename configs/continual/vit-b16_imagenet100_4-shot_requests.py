# Four requests of 20 classes each with four images a class, to forget and to
# retain, and the published constants of CASIA-Face100.
_base_ = '../_base_/orders/imagenet100.py'
configs = dict(forget='vit-b16_imagenet100_request-forget.py')
shots = {
    f'train_dataloader.dataset.branches.{branch}.0.shots': 4
    for branch in ('retain', 'forget')
}
# Weight of the forget loss, and of the prototypes.
weights = ((0.3, 0.015), (0.4, 0.06), (0.28, 0.025), (0.2, 0.012))
requests = [
    dict(
        forget=_base_.order[80 - 20 * task:100 - 20 * task],
        cfg_options={
            **shots, 'train_dataloader.batch_size': 8,
            'train_dataloader.sampler.branch_sizes': dict(
                retain=4, forget=4),
            'model.objective.weight': weight,
            'model.objective.forget_prototype_weight': prototypes,
            'model.objective.prototype_bound': 50.
        }) for task, (weight, prototypes) in enumerate(weights)
]
