# A request to learn; the plan of requests says which classes.
_base_ = './dino_swin-nano_learn.py'

# Images of what earlier requests forgot would show it as background again, and
# keep it from coming back when its request is undone.
train_dataloader = dict(
    dataset=dict(subset=dict(retain=dict(without='forgotten_before'))))
