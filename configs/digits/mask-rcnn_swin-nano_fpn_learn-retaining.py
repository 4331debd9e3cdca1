_base_ = './mask-rcnn_swin-nano_fpn_learn.py'

# What is to be forgotten is retained meanwhile, so that it is not taken for
# what is learned.
train_dataloader = dict(dataset=dict(forgotten='labelled'))
# With more to keep apart, it learns more slowly.
train_cfg = dict(max_iters=1000, val_interval=1000)
param_scheduler = [dict(_base_.param_scheduler[0], end=1000)]
