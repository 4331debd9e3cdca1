from mmswap.models.objectives.baselines.distillation import (
    DERObjective,
    FDRObjective,
    LwFObjective,
)
from mmswap.models.objectives.baselines.importance import ImportanceObjective
from mmswap.models.objectives.baselines.lirf import LIRFObjective
from mmswap.models.objectives.baselines.retain import RetainObjective
from mmswap.models.objectives.baselines.scrub import SCRUBObjective

__all__ = [
    'DERObjective', 'FDRObjective', 'ImportanceObjective', 'LIRFObjective',
    'LwFObjective', 'RetainObjective', 'SCRUBObjective'
]
