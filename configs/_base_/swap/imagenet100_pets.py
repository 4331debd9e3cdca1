# Breeds of the Oxford-IIIT pets to learn. The published code does not contain
# them: these are examples, the first by id.
learn_classes = (
    'Abyssinian', 'american_bulldog', 'american_pit_bull_terrier',
    'basset_hound', 'beagle', 'Bengal', 'Birman', 'Bombay', 'boxer',
    'British_Shorthair')
# What differs from ImageNet's data sets.
new = dict(
    data_root='data/oxford_pets',
    metainfo=dict(classes='data/oxford_pets/mmswap/classes.txt'))
