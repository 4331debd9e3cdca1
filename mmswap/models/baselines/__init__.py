from .distillation import DERObjective, FDRObjective, LwFObjective
from .importance import ImportanceObjective
from .lirf import LIRFObjective
from .retain import RetainObjective
from .scrub import SCRUBObjective

__all__ = [
    'DERObjective', 'FDRObjective', 'ImportanceObjective', 'LIRFObjective',
    'LwFObjective', 'RetainObjective', 'SCRUBObjective'
]
