from mmswap.apis.audit.models import References
from mmswap.apis.audit.run import run_audit

__all__ = ['References', 'run_audit']
