"""Labels of the base model's classes in images that have none."""
from mmswap.apis.pseudo.instances import PseudoLabels, pseudo_label
from mmswap.apis.pseudo.selection import PseudoSettings

__all__ = ['PseudoLabels', 'PseudoSettings', 'pseudo_label']
