from mmswap.models.data_preprocessor import SwapDataPreprocessor
from mmswap.models.objectives.baselines import (
    DERObjective,
    FDRObjective,
    ImportanceObjective,
    LIRFObjective,
    LwFObjective,
    RetainObjective,
    SCRUBObjective,
)
from mmswap.models.objectives.class_forget import ClassForgetObjective
from mmswap.models.objectives.learn_forget import (
    ForgetObjective,
    LearnObjective,
)
from mmswap.models.objectives.prototype import PrototypeObjective
from mmswap.models.swap_model import SwapModel

__all__ = [
    'ClassForgetObjective', 'DERObjective', 'FDRObjective', 'ForgetObjective',
    'ImportanceObjective', 'LIRFObjective', 'LearnObjective', 'LwFObjective',
    'PrototypeObjective', 'RetainObjective', 'SCRUBObjective',
    'SwapDataPreprocessor', 'SwapModel'
]
