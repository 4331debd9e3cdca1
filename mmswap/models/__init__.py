from .data_preprocessor import SwapDataPreprocessor
from .objectives import ForgetObjective, LearnObjective
from .swap_model import SwapModel

__all__ = [
    'ForgetObjective', 'LearnObjective', 'SwapDataPreprocessor', 'SwapModel'
]
