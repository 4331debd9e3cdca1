"""The tests of mmswap.datasets: mmdet's scope is the default one."""
from coco_files import coco, mmdet_scope

__all__ = ['coco', 'mmdet_scope']
