"""Labels of the base model's classes in images that have none."""
from mmswap.apis.pseudo.base import PseudoLabels
from mmswap.apis.pseudo.labelling import pseudo_label
from mmswap.apis.pseudo.selection import PseudoSettings

__all__ = ['PseudoLabels', 'PseudoSettings', 'pseudo_label']
