# GS-LoRA itself: LoRA in the FFNs, one sparse group a block; forgetting is the
# whole loss of the branch, up to a bound.
_base_ = '../mask2former_swin-nano_request-forget.py'
model = dict(
    objective=dict(
        _delete_=True, type='mmswap.ForgetObjective', bound=36.))
