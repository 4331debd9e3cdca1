# The order in which classes are forgotten, drawn with the published seed; the
# published order itself is not known.
_base_ = '../classes/casia100.py'

# Not above `_base_`, or mmengine 0.10 takes the file for one of lazy imports.
import random  # noqa: E402

order = list(_base_.base_classes)
random.Random(1337).shuffle(order)
