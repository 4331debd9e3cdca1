# Classification of Knowledge Swapping: ViT-B/16 on a hundred ImageNet classes.
# Configs that inherit add the class table and the data to learn from.
# Constants are those of the published code unless a comment says otherwise.
_base_ = ['./vit-b16_5-epochs.py', './imagenet100.py']
# In the classification code beta weighs the classes to retain.
model = dict(
    objective=dict(
        type='mmswap.LearnObjective', retain_weight=0.2, weight=1.0))
# 130 images are a tenth of most classes: published are a random tenth of the
# images to retain and to forget, and all of those to learn.
train_dataloader = dict(
    _delete_=True,
    batch_size=160,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler',
        retain=80,
        target=80,
        shares=dict(retain='lengths')),
    dataset=dict(
        type='mmswap.SwapDataset',
        phase='learn',
        forgotten='left_out',
        old=_base_.train_set,
        subset=dict(old=dict(shots=130))))
# The images of each data set stand for its own splits.
val_dataloader = dict(
    batch_size=80, dataset=dict(_delete_=True, type='mmengine.ConcatDataset'))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True,
    type='mmswap.SwapEvaluator',
    images='split',
    metrics=dict(type='Accuracy', topk=(1, 5)))
test_evaluator = val_evaluator
