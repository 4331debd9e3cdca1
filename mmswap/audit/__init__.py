from mmswap.audit.audit_test import AuditTest, Figure
from mmswap.audit.data import AuditData
from mmswap.audit.measured import Measured
from mmswap.audit.panel import (
    AdapterTest,
    MembershipTest,
    ProbeTest,
    PrototypeTest,
    RelearningTest,
    SurvivalTest,
)
from mmswap.audit.settings import QUICK, AuditSettings
from mmswap.audit.subject import Subject
from mmswap.audit.verdict import judge

__all__ = [
    'AdapterTest', 'AuditData', 'AuditSettings', 'AuditTest', 'Figure',
    'Measured', 'MembershipTest', 'ProbeTest', 'PrototypeTest', 'QUICK',
    'RelearningTest', 'Subject', 'SurvivalTest', 'judge'
]
