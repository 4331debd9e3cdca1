"""The class table: which classes a swap knows, learns, forgets and retains."""
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple, Union

SPLITS: Tuple[str, ...] = ('retain', 'forget', 'learn')


class ClassTable:
    """One ordered tuple of class names and its three splits.

    The base model's K classes come first, in the model's order, then the N
    learned ones. Every label in mmswap is an index into :attr:`names`. A
    forgotten class keeps its slot.

    A panoptic model tells things from stuff by the label alone: all things
    stand before all stuff. With ``stuff`` the order is therefore base things,
    learned things, base stuff, learned stuff.

    Args:
        base: The K class names of the base model, in the model's order.
        learn: The N class names to learn.
        forget: The class names to forget, some of ``base``.
        stuff: For a panoptic model the names, among ``base`` and ``learn``,
            of its stuff classes. Those of ``base`` are its last ones.

    Raises:
        ValueError: If a name stands twice, a class to forget is not one of
            ``base``, a class to learn is, ``base`` is empty, all of ``base``
            is to be forgotten, or a stuff class is unknown or stands before
            a thing.
    """

    def __init__(self,
                 base: Sequence[str],
                 learn: Sequence[str] = (),
                 forget: Sequence[str] = (),
                 stuff: Sequence[str] = ()) -> None:
        given = dict(base=base, learn=learn, forget=forget, stuff=stuff)
        for key, names in given.items():
            _check_names(key, names)
        self.base, self.learn, self.forget, self.stuff = (
            tuple(names) for names in given.values())
        if not self.base:
            raise ValueError('classes.base must name the classes of the base '
                             'model, got none')
        both = [name for name in self.learn if name in self.forget]
        if both:
            raise ValueError(f'classes.learn and classes.forget must not '
                             f'share a class, got {both} in both')
        known = [name for name in self.learn if name in self.base]
        if known:
            raise ValueError(
                f'classes.learn must be new to the base model, but {known} '
                f'stand in classes.base already')
        unknown = [name for name in self.forget if name not in self.base]
        if unknown:
            raise ValueError(
                f'classes.forget must be some of classes.base, but {unknown} '
                f'are not; the base model has {list(self.base)}')
        self.retain = tuple(n for n in self.base if n not in self.forget)
        if not self.retain:
            raise ValueError('classes.forget must leave a class to retain, '
                             'got all of classes.base')
        self._check_stuff()

    def _check_stuff(self) -> None:
        """Refuse stuff that is unknown or stands before a thing."""
        unknown = [name for name in self.stuff
                   if name not in self.base + self.learn]
        if unknown:
            raise ValueError(
                'classes.stuff must be some of classes.base and '
                f'classes.learn, but {unknown} are not')
        is_stuff = [name in self.stuff for name in self.base]
        if is_stuff != sorted(is_stuff):
            raise ValueError(
                'classes.base must name all things before all stuff, as the '
                f'labels of a panoptic model go, got {list(self.base)} with '
                f'stuff={list(self.stuff)}')

    @classmethod
    def from_cfg(
            cls, classes: Union['ClassTable', Mapping[str,
                                                      Any]]) -> 'ClassTable':
        """Build the table of the config key ``classes``.

        Args:
            classes: ``dict(base=..., learn=..., forget=..., stuff=...)``, or
                a table, which is returned as it is.

        Raises:
            TypeError: If ``classes`` is neither.
            ValueError: As the constructor, and for keys other than those.
        """
        if isinstance(classes, cls):
            return classes
        if not isinstance(classes, Mapping):
            raise TypeError('classes must be a dict(base=..., learn=..., '
                            f'forget=...), got {classes!r}')
        unknown = sorted(set(classes) - {'base', 'learn', 'forget', 'stuff'})
        if unknown or 'base' not in classes:
            raise ValueError('classes must be a dict with base and, where '
                             'wanted, learn, forget and stuff, got the keys '
                             f'{sorted(classes)}')
        return cls(**classes)

    @property
    def names(self) -> Tuple[str, ...]:
        """All K + N names: base, then learned; things before all stuff."""
        return tuple(
            sorted(self.base + self.learn, key=lambda n: n in self.stuff))

    @property
    def is_new(self) -> Tuple[bool, ...]:
        """For each of the K + N labels, whether its class is a learned one."""
        return tuple(name in self.learn for name in self.names)

    @property
    def num_base(self) -> int:
        """K, the number of classes of the base model."""
        return len(self.base)

    @property
    def num_learn(self) -> int:
        """N, the number of classes to learn."""
        return len(self.learn)

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassTable) and (self.as_dict()
                                                  == other.as_dict())

    def __repr__(self) -> str:
        return (f'ClassTable(retain={list(self.retain)}, '
                f'forget={list(self.forget)}, learn={list(self.learn)})')

    def labels(self, split: Union[str, Sequence[str]]) -> Tuple[int, ...]:
        """Labels of a split, ascending.

        Args:
            split: ``retain``, ``forget``, ``learn``, ``all``, or a sequence
                of them.

        Raises:
            ValueError: If a split has another name.
        """
        wanted = [split] if isinstance(split, str) else list(split)
        chosen: Set[str] = set()
        for name in wanted:
            if name == 'all':
                chosen.update(self.names)
            elif name in SPLITS:
                chosen.update(getattr(self, name))
            else:
                raise ValueError(f"a split must be 'all' or one of {SPLITS}, "
                                 f'got {name!r}')
        return tuple(i for i, name in enumerate(self.names) if name in chosen)

    def as_dict(self) -> Dict[str, List[str]]:
        """The table as plain lists, what :meth:`from_cfg` takes."""
        table = dict(
            base=list(self.base),
            learn=list(self.learn),
            forget=list(self.forget))
        # Left out where there is none, as most models have no such thing.
        return {**table, 'stuff': list(self.stuff)} if self.stuff else table


def _check_names(key: str, names: Any) -> None:
    """Refuse what is not a sequence of distinct strings."""
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(
            isinstance(name, str) for name in names):
        raise ValueError(f'classes.{key} must be a sequence of class names, '
                         f'got {names!r}')
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise ValueError(f'classes.{key} must name each class once, got '
                         f'{twice} more than once')
