"""Which kind of labels a data set holds, and so who reads and changes them.

A label kind is a module with the functions of :class:`LabelKind`. To support
another kind, write its module beside ``instance_labels.py`` and add it to
``LABEL_KINDS``; ``ClassSubset`` stays as it is.
"""
from typing import (
    Any,
    Collection,
    Dict,
    Mapping,
    Optional,
    Protocol,
    Set,
    Tuple,
)

from . import instance_labels


class LabelKind(Protocol):
    """What a module must define; see ``instance_labels`` for the meaning."""

    def matches(self, data_info: Mapping[str, Any]) -> bool:
        """Whether the labels of an image are of this kind."""

    def labels_of(self,
                  data_info: Mapping[str, Any],
                  with_ignored: bool = False) -> Set[int]:
        """The labels that an image holds, as its data set numbers them."""

    def select(self, data_info: Mapping[str, Any],
               label_map: Mapping[int, int], keep: Collection[int],
               others: str) -> Dict[str, Any]:
        """Renumber the labels of an image and treat the classes not kept."""


LABEL_KINDS: Tuple[LabelKind, ...] = (instance_labels, )

# Labels that would stay as they are beside the instances, in the data set's
# own numbering and with the classes not kept, and so train the wrong thing.
_UNSUPPORTED = dict(
    segments_info='panoptic segments',
    seg_map_path='semantic maps (data_prefix.seg or seg_map_path)',
    text='class names as a prompt (return_classes=True)')


def label_kind(data_info: Mapping[str, Any]) -> LabelKind:
    """The label kind of an image.

    Args:
        data_info: What ``get_data_info`` of the data set returns.

    Raises:
        TypeError: If the image has labels of a kind that is not supported,
            alone or beside others.
    """
    for key, what in _UNSUPPORTED.items():
        if data_info.get(key) is not None:
            raise TypeError(
                'ClassSubset.dataset must hold detection instances and no '
                f'other labels, got {what}')
    for kind in LABEL_KINDS:
        if kind.matches(data_info):
            return kind
    raise TypeError(
        'ClassSubset.dataset must hold detection instances (the key '
        f"'instances' in its data info), got the keys {sorted(data_info)}")


def kept_labels(data_info: Mapping[str, Any], label_map: Mapping[int, int],
                keep: Collection[int], others: str) -> Optional[Set[int]]:
    """The kept labels of which an image holds an example.

    Args:
        data_info: What ``get_data_info`` of the data set returns.
        label_map: The class table's label of each label of the data set.
            Classes outside the table are missing.
        keep: The class table's labels that are kept.
        others: ``drop`` if the image is to go when it shows another class,
            even flagged to be ignored.

    Returns:
        Labels of the class table; None if the image is to go.
    """
    kind = label_kind(data_info)
    if others == 'drop':
        shown = kind.labels_of(data_info, with_ignored=True)
        if any(label_map.get(label) not in keep for label in shown):
            return None
    return {
        label_map[label]
        for label in kind.labels_of(data_info)
        if label_map.get(label) in keep
    }
