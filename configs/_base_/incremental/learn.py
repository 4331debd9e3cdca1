# What the steps that add classes share: the images of the new classes alone,
# in which the base model has labelled the old ones.
_base_ = '../schedules/coco_swap.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
subset = dict(_delete_=True, type='mmswap.ClassSubset')
swap_evaluator = dict(_delete_=True, type='mmswap.SwapEvaluator')
