# One request of 5 classes, with the published constants of one of 10. An epoch
# runs over 65 images of each of the 95 classes to retain, 48 at a time: 129
# steps, a hundred times.
_base_ = ['../_base_/orders/casia100.py', '../_base_/swap/gs-lora-single.py']
configs = dict(forget='face-vit-p8_casia100_request-forget.py')
epoch = 129
requests = [
    dict(
        forget=_base_.order[95:],
        cfg_options={
            **_base_.single, 'train_cfg.max_iters': 100 * epoch,
            'param_scheduler.0.end': 100 * epoch,
            'optim_wrapper.group_sparse.start': 20 * epoch
        })
]
