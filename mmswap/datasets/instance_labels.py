"""Labels of detection instances: pure functions on one image's data info.

A label kind of :mod:`mmswap.datasets.label_kinds`. The labels are those of
``data_info['instances']``, mmdet's list of dicts with ``bbox``,
``bbox_label`` and, where the data has them, ``ignore_flag`` and ``mask``.
"""
from typing import Any, Collection, Dict, Mapping, Set


def matches(data_info: Mapping[str, Any]) -> bool:
    """Whether the labels of an image are detection instances."""
    return 'instances' in data_info


def labels_of(data_info: Mapping[str, Any],
              with_ignored: bool = False) -> Set[int]:
    """The labels that an image holds, as its data set numbers them.

    Args:
        data_info: What ``get_data_info`` of the data set returns.
        with_ignored: Whether instances with ``ignore_flag=1`` (crowds,
            difficult objects) count too. They are no examples of their
            class, but they do show it. Defaults to False.

    Returns:
        The labels. Negative ones are left out: they mark regions to ignore
        that belong to no class (CrowdHuman).
    """
    return {
        instance['bbox_label']
        for instance in data_info['instances'] if instance['bbox_label'] >= 0
        and (with_ignored or not instance.get('ignore_flag', 0))
    }


def select(data_info: Mapping[str, Any], label_map: Mapping[int, int],
           keep: Collection[int], others: str) -> Dict[str, Any]:
    """Renumber the labels of an image and treat the classes not kept.

    Args:
        data_info: What ``get_data_info`` of the data set returns. It is not
            changed.
        label_map: The class table's label of each label of the data set.
            Classes outside the table are missing.
        keep: The class table's labels that are kept.
        others: ``ignore`` keeps the other instances with ``ignore_flag=1``,
            under their label in the class table or -1 where they have none.
            Any other value leaves them out.

    Returns:
        The data info with new ``instances``.
    """
    instances = []
    for instance in data_info['instances']:
        label = label_map.get(instance['bbox_label'], -1)
        if label in keep:
            instances.append({**instance, 'bbox_label': label})
        elif instance['bbox_label'] < 0:
            # A region to ignore that belongs to no class has no others rule.
            instances.append(dict(instance))
        elif others == 'ignore':
            instances.append({
                **instance, 'bbox_label': label,
                'ignore_flag': 1
            })
    return {**data_info, 'instances': instances}
