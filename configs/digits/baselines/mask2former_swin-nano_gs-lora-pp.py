# GS-LoRA++: GS-LoRA with class prototypes, of the matched queries.
_base_ = './mask2former_swin-nano_gs-lora.py'

model = dict(
    objective=dict(
        type='mmswap.PrototypeObjective',
        forget_prototype_weight=0.05,
        retain_prototype_weight=0.1))
custom_hooks = [dict(type='mmswap.PrototypeHook', images_per_class=32)]
