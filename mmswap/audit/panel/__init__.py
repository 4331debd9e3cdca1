from mmswap.audit.panel.adapter import AdapterTest
from mmswap.audit.panel.membership import MembershipTest
from mmswap.audit.panel.probe import ProbeTest
from mmswap.audit.panel.prototype import PrototypeTest
from mmswap.audit.panel.relearning import RelearningTest
from mmswap.audit.panel.survival import SurvivalTest

__all__ = [
    'AdapterTest', 'MembershipTest', 'ProbeTest', 'PrototypeTest',
    'RelearningTest', 'SurvivalTest'
]
