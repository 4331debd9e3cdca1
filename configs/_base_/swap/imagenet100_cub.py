# Classes of CUB-200-2011 to learn. The published code does not contain them:
# these are examples, the first by id.
learn_classes = (
    'Black_footed_Albatross', 'Laysan_Albatross', 'Sooty_Albatross',
    'Groove_billed_Ani', 'Crested_Auklet', 'Least_Auklet', 'Parakeet_Auklet',
    'Rhinoceros_Auklet', 'Brewer_Blackbird', 'Red_winged_Blackbird')
# What differs from ImageNet's data sets.
new = dict(
    data_root='data/CUB_200_2011',
    metainfo=dict(classes='data/CUB_200_2011/mmswap/classes.txt'))
