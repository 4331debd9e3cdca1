# The order of GS-LoRA's requests: the sorted classes as `random.shuffle` puts
# them after `random.seed(1337)`. The last are forgotten first.
_base_ = '../classes/imagenet100.py'

# Not above `_base_`, or mmengine 0.10 takes the file for one of lazy imports.
import random  # noqa: E402

order = list(_base_.base_classes)
random.Random(1337).shuffle(order)
