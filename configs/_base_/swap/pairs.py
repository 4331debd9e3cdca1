# What the pairs on COCO that learn five birds of CUB-200-2011 share. No paper
# has these pairs: their constants are a start, not a result.
_base_ = ['./coco_cub-5.py', '../schedules/coco_swap.py']
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
# The images of each data set stand for its own splits. Not `all` of both at
# once: the image ids of one occur in the other.
old_subset = dict(type='mmswap.ClassSubset', keep=['retain', 'forget'])
new_subset = dict(type='mmswap.ClassSubset', keep='learn')
swap_evaluator = dict(type='mmswap.SwapEvaluator', images='split')
