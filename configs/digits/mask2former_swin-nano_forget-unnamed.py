_base_ = './mask2former_swin-nano_forget.py'

# A forgotten object is to have no name at all, rather than another.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ClassForgetObjective',
        bound=12.,
        weight=0.5,
        no_object_weight=2.))
