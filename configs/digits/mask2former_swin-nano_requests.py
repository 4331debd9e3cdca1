# Requests as they came. More can be appended, and only those are run then:
# python tools/swap.py configs/digits/mask2former_swin-nano_requests.py
configs = dict(
    forget='mask2former_swin-nano_request-forget.py',
    learn='mask2former_swin-nano_request-learn.py')
requests = [
    dict(forget=['three']),
    dict(forget=['five']),
    dict(forget=['one']),
    dict(forget=['six']),
]
