from mmswap.apis.audit.run import References, run_audit

__all__ = ['References', 'run_audit']
