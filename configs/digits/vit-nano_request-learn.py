# A request to learn; the plan of requests says which classes.
_base_ = './vit-nano_learn.py'
