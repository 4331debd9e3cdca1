# What the published settings of GS-LoRA++ for classifiers share: four requests
# of 20 classes. Constants are those of the published code for CASIA-Face100
# unless a comment says otherwise.
objective = dict(
    type='mmswap.PrototypeObjective',
    bound=105.,
    weight=0.2,
    forget_prototype_weight=0.01,
    prototype_bound=18.)
adapter = dict(rank=8, alpha=1, targets='ffn')
loader = dict(
    batch_size=96,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='mmswap.SwapSampler', retain=48, target=48))
# 100 epochs over 65 images of each of the 80 classes to retain at first, 48
# at a time; the plans have fewer for later requests, which retain less.
# Published is a share of the training set, 5 % of ImageNet-100, which is 65 of
# 1,300 images a class, and 10 % of CASIA-Face100.
swap_set = dict(
    type='mmswap.SwapDataset', phase='forget', subset=dict(shots=65))
optim = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-2, weight_decay=0.05),
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=1e-4, mode='penalty'))
steps = 100 * 109
loop = dict(type='IterBasedTrainLoop', max_iters=steps, val_interval=steps)
cosine = dict(
    type='CosineAnnealingLR', eta_min=1e-5, by_epoch=False, begin=0, end=steps)
swap_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    swap_log=dict(type='mmswap.SwapLogHook'),
    prototype=dict(type='mmswap.PrototypeHook'),
    adapter=dict(type='mmswap.AdapterHook'),
    checkpoint=dict(by_epoch=False, interval=steps))
