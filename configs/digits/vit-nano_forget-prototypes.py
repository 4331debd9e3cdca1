_base_ = './vit-nano_forget.py'

# GS-LoRA++: the same phase with class prototypes.
model = dict(
    objective=dict(
        type='mmswap.PrototypeObjective',
        forget_prototype_weight=0.05,
        retain_prototype_weight=0.1))
custom_hooks = [dict(type='mmswap.PrototypeHook')]
