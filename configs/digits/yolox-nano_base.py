_base_ = [
    '../_base_/models/yolox-nano.py', '../_base_/datasets/digits.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmdet.py'
]
val_evaluator = dict(metric='bbox')
test_evaluator = val_evaluator
