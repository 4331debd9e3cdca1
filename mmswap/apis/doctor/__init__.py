"""Checks a swap before it is run: all problems at once."""
from mmswap.apis.doctor.diagnosis import Diagnosis
from mmswap.apis.doctor.finding import Finding
from mmswap.apis.doctor.run import check_before_run, diagnose

__all__ = ['Diagnosis', 'Finding', 'check_before_run', 'diagnose']
