# GS-LoRA itself: LoRA in the FFNs, one sparse group a block.
_base_ = '../mask2former_swin-nano_request-forget.py'
