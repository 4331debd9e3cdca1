"""The tests of mmswap.audit: data sets of COCO's kind."""
from coco_files import coco, mmdet_scope

__all__ = ['coco', 'mmdet_scope']
