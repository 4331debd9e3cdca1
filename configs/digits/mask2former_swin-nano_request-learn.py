# A request to learn; the plan of requests says which classes.
_base_ = './mask2former_swin-nano_learn.py'
