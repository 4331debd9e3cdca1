# What the steps that add classes share: the images of the new classes alone,
# in which the base model has labelled the old ones.
_base_ = '../schedules/coco_swap.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
swap_model = dict(
    type='mmswap.SwapModel', objective=dict(type='mmswap.LearnObjective'))
loader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='mmswap.SwapSampler', retain=2, target=2))
swap_set = dict(type='mmswap.SwapDataset', phase='learn')
subset = dict(_delete_=True, type='mmswap.ClassSubset')
swap_evaluator = dict(_delete_=True, type='mmswap.SwapEvaluator')
