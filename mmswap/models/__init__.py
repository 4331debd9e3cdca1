from .baselines import (
    DERObjective,
    FDRObjective,
    ImportanceObjective,
    LIRFObjective,
    LwFObjective,
    RetainObjective,
    SCRUBObjective,
)
from .data_preprocessor import SwapDataPreprocessor
from .objectives import ForgetObjective, LearnObjective
from .prototype_objective import PrototypeObjective
from .swap_model import SwapModel

__all__ = [
    'DERObjective', 'FDRObjective', 'ForgetObjective', 'ImportanceObjective',
    'LIRFObjective', 'LearnObjective', 'LwFObjective', 'PrototypeObjective',
    'RetainObjective', 'SCRUBObjective', 'SwapDataPreprocessor', 'SwapModel'
]
