_base_ = './fcn_r18-nano_forget.py'

# No old image: all are those that were learned from.
mixed = dict(
    img_path='images/mixed', seg_map_path='semantic_bg/mixed_all')
train_dataloader = dict(
    dataset=dict(
        branches={
            name: [
                dict(part, dataset=dict(part.dataset, data_prefix=mixed))
                for part in (parts if isinstance(parts, list) else [parts])
            ]
            for name, parts in
            _base_.train_dataloader.dataset.branches.items()
        }))
load_from = 'work_dirs/fcn_r18-nano_learn-new-alone/iter_600.pth'
