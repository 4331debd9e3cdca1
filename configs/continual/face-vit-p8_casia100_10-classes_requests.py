# One request of 10 classes, as in the published script. An epoch runs over 65
# images of each of the 90 classes to retain, 48 at a time: 122 steps, a
# hundred times.
_base_ = ['../_base_/orders/casia100.py', '../_base_/swap/gs-lora-single.py']
configs = dict(forget='face-vit-p8_casia100_request-forget.py')
epoch = 122
requests = [
    dict(
        forget=_base_.order[90:],
        cfg_options={
            **_base_.single, 'train_cfg.max_iters': 100 * epoch,
            'param_scheduler.0.end': 100 * epoch,
            'optim_wrapper.group_sparse.start': 20 * epoch
        })
]
