# What the pairs on COCO that learn five birds of CUB-200-2011 share. No paper
# has these pairs: their constants are a start, not a result.
_base_ = ['./coco_cub-5.py', '../schedules/coco_swap.py']
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
swap_model = dict(
    type='mmswap.SwapModel', objective=dict(type='mmswap.LearnObjective'))
loader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='mmswap.SwapSampler', retain=2, target=2))
swap_set = dict(type='mmswap.SwapDataset', phase='learn')
# The images of each data set stand for its own splits. Not `all` of both at
# once: the image ids of one occur in the other.
old_subset = dict(type='mmswap.ClassSubset', keep=['retain', 'forget'])
new_subset = dict(type='mmswap.ClassSubset', keep='learn')
swap_evaluator = dict(type='mmswap.SwapEvaluator', images='split')
