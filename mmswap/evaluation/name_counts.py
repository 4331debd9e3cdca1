"""How many objects are named, renamed and unseen."""
from collections import defaultdict
from typing import (
    Any,
    Collection,
    DefaultDict,
    Dict,
    Iterable,
    Optional,
    Sequence,
    Tuple,
)

from mmswap.tasks.naming import Naming

# Where the objects of a split go; the shares sum to 1.
PARTS = ('named', 'renamed', 'unseen')
# These, and what else is told of the objects of a split.
SHARES = (*PARTS, 'recall', 'confidence')


class NameCounts:
    """How often objects of each class are called what.

    Args:
        namings: What objects are called.
        background: Labels that say that nothing is there. An object of
            another class that is called so is not found. Defaults to none.

    Attributes:
        weights: The number of objects (pixels, images) by their true label
            and the one that they are found as, None where they are not found.
    """

    def __init__(self,
                 namings: Iterable[Naming],
                 background: Collection[int] = ()) -> None:
        self.weights: DefaultDict[Tuple[int, Optional[int]],
                                  int] = defaultdict(int)
        # By label, the sum of what is averaged and how many there are.
        self._scores = _Means()
        self._localized = _Means()
        for each in namings:
            label, name = each.label, each.name
            if name in background and name != label:
                name = None
            self.weights[label, name] += each.weight
            if name is not None:
                self._scores.add(label, each.score, each.weight)
            self._localized.add(label, each.localized, each.weight)

    def shares(self, labels: Collection[int]) -> Dict[str, float]:
        """What becomes of the objects of some classes.

        Args:
            labels: The labels of the classes.

        Returns:
            ``named``, ``renamed`` and ``unseen``, shares that sum to 1;
            ``recall``, the share that a prediction of any score and label
            finds, where objects are located; ``confidence``, the mean score
            of those that are found, where there are scores. Empty if there
            is no object of these classes.
        """
        parts = dict.fromkeys(PARTS, 0)
        for (label, name), weight in self.weights.items():
            if label in labels:
                parts['unseen' if name is None else
                      'named' if name == label else 'renamed'] += weight
        total = sum(parts.values())
        if not total:
            return {}
        means = dict(
            recall=self._localized.mean(labels),
            confidence=self._scores.mean(labels))
        return {
            **{part: weight / total for part, weight in parts.items()},
            **{name: mean for name, mean in means.items() if mean is not None}
        }

    def new_names(self, labels: Collection[int]) -> Dict[int, float]:
        """What the renamed objects of some classes are called.

        Args:
            labels: The labels of the classes.

        Returns:
            Shares of all objects of these classes, by the label that they
            are found as, the most frequent first.
        """
        found: DefaultDict[int, int] = defaultdict(int)
        total = 0
        for (label, name), weight in self.weights.items():
            if label in labels:
                total += weight
                if name is not None and name != label:
                    found[name] += weight
        ordered = sorted(found, key=lambda name: (-found[name], name))
        return {name: found[name] / total for name in ordered}

    def as_dict(self, names: Sequence[str]) -> Dict[str, Any]:
        """The counts by class names, for a json file.

        Args:
            names: The class names, by label.

        Returns:
            ``called``, the number of objects by the true name and the name
            they are found under; ``unseen``, the number of those not found,
            by the true name.
        """
        called: Dict[str, Dict[str, int]] = {}
        unseen: Dict[str, int] = {}
        for (label, name), weight in sorted(
                self.weights.items(), key=lambda item: -item[1]):
            if name is None:
                unseen[names[label]] = weight
            else:
                called.setdefault(names[label], {})[names[name]] = weight
        return dict(called=called, unseen=unseen)


class _Means:
    """Weighted means by label; None is left out."""

    def __init__(self) -> None:
        self._sums: DefaultDict[int, float] = defaultdict(float)
        self._weights: DefaultDict[int, int] = defaultdict(int)

    def add(self, label: int, value: Optional[float], weight: int) -> None:
        if value is not None:
            self._sums[label] += value * weight
            self._weights[label] += weight

    def mean(self, labels: Collection[int]) -> Optional[float]:
        weight = sum(self._weights.get(label, 0) for label in labels)
        total = sum(self._sums.get(label, 0.) for label in labels)
        return total / weight if weight else None
