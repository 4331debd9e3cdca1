# Classes of PlantVillage to learn. The published code does not contain them:
# these are examples, the first by name.
learn_classes = (
    'Apple___Apple_scab', 'Apple___Black_rot', 'Apple___Cedar_apple_rust',
    'Apple___healthy', 'Blueberry___healthy',
    'Cherry_(including_sour)___Powdery_mildew',
    'Cherry_(including_sour)___healthy',
    'Corn_(maize)___Cercospora_leaf_spot Gray_leaf_spot',
    'Corn_(maize)___Common_rust_', 'Corn_(maize)___Northern_Leaf_Blight')
# What differs from ImageNet's data sets.
new = dict(
    data_root='data/plantvillage',
    metainfo=dict(classes='data/plantvillage/mmswap/classes.txt'))
