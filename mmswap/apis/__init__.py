"""What the tools do, for use from Python."""
from mmswap.apis.arguments import add_config_arguments, set_local_rank
from mmswap.apis.audit import References, run_audit
from mmswap.apis.checkpoint import read_checkpoint, trusting
from mmswap.apis.config import (
    enable_amp,
    enable_auto_scale_lr,
    enable_resume,
    load_config,
)
from mmswap.apis.doctor import diagnose
from mmswap.apis.export import export_onnx, use_onnx
from mmswap.apis.init import init_swap
from mmswap.apis.launch import (
    build_runner,
    leave_process_group,
    prepare_distributed,
)
from mmswap.apis.merge import merge_checkpoint
from mmswap.apis.publish import publish_checkpoint
from mmswap.apis.report import build_report, format_report
from mmswap.apis.swap import run_swap
from mmswap.apis.testing import DumpHook, enable_painting, enable_tta

__all__ = [
    'DumpHook', 'References', 'add_config_arguments', 'build_report',
    'build_runner', 'diagnose',
    'enable_amp', 'enable_auto_scale_lr', 'enable_painting', 'enable_resume',
    'enable_tta', 'export_onnx', 'format_report', 'init_swap',
    'leave_process_group', 'load_config',
    'merge_checkpoint', 'prepare_distributed', 'publish_checkpoint',
    'read_checkpoint', 'run_audit', 'run_swap', 'set_local_rank',
    'trusting', 'use_onnx'
]
