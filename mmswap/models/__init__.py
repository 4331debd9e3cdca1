from .baselines import (
    DERObjective,
    FDRObjective,
    ImportanceObjective,
    LIRFObjective,
    LwFObjective,
    RetainObjective,
    SCRUBObjective,
)
from .class_forget_objective import ClassForgetObjective
from .data_preprocessor import SwapDataPreprocessor
from .objectives import ForgetObjective, LearnObjective
from .prototype_objective import PrototypeObjective
from .swap_model import SwapModel

__all__ = [
    'ClassForgetObjective', 'DERObjective', 'FDRObjective', 'ForgetObjective',
    'ImportanceObjective', 'LIRFObjective', 'LearnObjective', 'LwFObjective',
    'PrototypeObjective', 'RetainObjective', 'SCRUBObjective',
    'SwapDataPreprocessor', 'SwapModel'
]
