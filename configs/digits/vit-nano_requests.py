# Requests as they came. More can be appended, and only those are run then:
# python tools/swap.py configs/digits/vit-nano_requests.py
configs = dict(
    forget='vit-nano_request-forget.py',
    learn='vit-nano_request-learn.py')
requests = [
    dict(forget=['three']),
    dict(forget=['five']),
    dict(forget=['one']),
    dict(forget=['six']),
]
