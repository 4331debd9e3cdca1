# ADE20K's things and stuff; things come before stuff, as labels of panoptic
# models do, and of each the order is ADE20K's.
_base_ = './ade20k.py'
stuff = (
    'wall', 'building', 'sky', 'floor', 'tree', 'ceiling', 'road',
    'grass', 'sidewalk', 'earth', 'mountain', 'plant', 'water', 'house',
    'sea', 'rug', 'field', 'rock', 'base', 'sand', 'skyscraper',
    'grandstand', 'path', 'runway', 'stairway', 'river', 'bridge',
    'blind', 'hill', 'bar', 'hovel', 'tower', 'dirt track', 'land',
    'escalator', 'buffet', 'poster', 'stage', 'conveyer belt', 'canopy',
    'swimming pool', 'waterfall', 'tent', 'cradle', 'tank', 'lake',
    'blanket', 'pier', 'crt screen', 'shower')
things = tuple(n for n in _base_.base_classes if n not in stuff)
# Those of the first hundred classes.
base_things, base_stuff = things[:64], stuff[:36]
