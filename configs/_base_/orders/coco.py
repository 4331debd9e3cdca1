# The order of GS-LoRA's requests: COCO's 80 ids as `np.random.shuffle` puts
# them after `np.random.seed(123)`. The last are forgotten first.
_base_ = '../classes/coco.py'

# Not above `_base_`, or mmengine 0.10 takes the file for one of lazy imports.
import numpy  # noqa: E402

order = list(_base_.base_classes)
numpy.random.RandomState(123).shuffle(order)
