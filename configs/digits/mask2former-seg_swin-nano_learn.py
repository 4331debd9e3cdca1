_base_ = [
    '../_base_/models/mask2former-seg_swin-nano.py',
    '../_base_/datasets/digits_semantic_swap.py',
    '../_base_/schedules/nano_swap.py', '../_base_/runtimes/mmseg.py'
]
custom_imports = dict(imports=['mmdet.models', 'mmswap'])

pixel_decoder = r'decode_head\.pixel_decoder\.'
adapter = dict(
    rank=16,
    alpha=16,
    targets=[
        'ffn', 'attention', pixel_decoder + 'mask_feature',
        pixel_decoder + r'(input|lateral|output)_convs\..*',
        r'decode_head\.mask_embed\.\d'
    ])
model = dict(
    _delete_=True, type='mmswap.SwapModel', model=_base_.model,
    classes=_base_.classes, adapter=adapter,
    objective=dict(type='mmswap.LearnObjective'))

# Old images for the classes to retain, new images for those to learn. There
# the background is shown too: a segment that is in the image and not in its
# labels counts as none. What is to be forgotten later is retained until then,
# or it would be taken for what is learned.
subset = dict(type='mmswap.ClassSubset', classes=_base_.classes)
old = _base_.train_dataloader.dataset.old
new = dict(old, **_base_.train_dataloader.dataset.new)
old_set = dict(subset, keep=['retain', 'forget'], dataset=old)
new_set = dict(subset, keep=['retain', 'learn'], dataset=new)
# Images that show both; new ones four times, as there are fewer of them. To
# the queries of the old classes, images of new classes alone say nothing of
# where they end.
old_loaded = dict(old_set, dataset=dict(old, pipeline=_base_.loading))
new_loaded = dict(new_set, dataset=dict(new, pipeline=_base_.loading))
both = dict(type='ConcatDataset', ignore_keys=['palette'])
mixed_set = dict(
    type='MultiImageMixDataset',
    dataset=dict(both, datasets=[old_loaded] + 4 * [new_loaded]),
    pipeline=[dict(type='mmswap.PasteSegments'), _base_.packing])
branches = dict(retain=old_set, learn=[mixed_set, new_set])
train_dataloader = dict(
    batch_size=10,
    sampler=dict(retain=3, target=7, shares=dict(learn=(8, 3))),
    dataset=dict(_delete_=True, type='mmswap.SwapDataset', branches=branches))

train_cfg = dict(max_iters=800, val_interval=800)
param_scheduler = [dict(_base_.param_scheduler[0], end=800)]
default_hooks = dict(swap=dict(type='mmswap.SwapHook'))
load_from = 'work_dirs/mask2former-seg_swin-nano_base/iter_2000.pth'
