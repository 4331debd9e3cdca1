_base_ = './mask2former_swin-nano_learn.py'

# What is to be forgotten is retained meanwhile, so that it is not taken for
# what is learned.
train_dataloader = dict(dataset=dict(forgotten='labelled'))
