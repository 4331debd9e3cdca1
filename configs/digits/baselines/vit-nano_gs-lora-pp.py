# GS-LoRA++: GS-LoRA with class prototypes.
_base_ = './vit-nano_gs-lora.py'

model = dict(
    objective=dict(
        type='mmswap.PrototypeObjective',
        forget_prototype_weight=0.05,
        retain_prototype_weight=0.1))
custom_hooks = [dict(type='mmswap.PrototypeHook', images_per_class=30)]
