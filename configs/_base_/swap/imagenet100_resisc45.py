# Classes of NWPU-RESISC45 to learn. The published code does not contain them:
# these are examples, the first by name.
learn_classes = (
    'airplane', 'airport', 'baseball_diamond', 'basketball_court', 'beach',
    'bridge', 'chaparral', 'church', 'circular_farmland', 'cloud')
# What differs from ImageNet's data sets.
new = dict(
    data_root='data/NWPU-RESISC45',
    metainfo=dict(classes='data/NWPU-RESISC45/mmswap/classes.txt'))
