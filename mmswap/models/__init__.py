from .data_preprocessor import SwapDataPreprocessor
from .objectives import ForgetObjective, LearnObjective
from .prototype_objective import PrototypeObjective
from .swap_model import SwapModel

__all__ = [
    'ForgetObjective', 'LearnObjective', 'PrototypeObjective',
    'SwapDataPreprocessor', 'SwapModel'
]
