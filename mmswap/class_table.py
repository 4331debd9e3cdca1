"""The class table: which classes a swap knows, learns, forgets and retains."""
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple, Union

SPLITS: Tuple[str, ...] = ('retain', 'forget', 'learn')
# What else is scored where requests follow one another.
ALL_SPLITS: Tuple[str, ...] = (*SPLITS, 'forgotten_before', 'missing')
_KEYS = ('base', 'learn', 'forget', 'stuff', 'learned_before',
         'forgotten_before', 'missing')
# What release 0.1 called them, in the checkpoints and adapters that it wrote.
_KEYS_OF_0_1 = dict(learned='learned_before', forgotten='forgotten_before')


class ClassTable:
    """One ordered tuple of class names and its splits.

    The base model's K classes come first, in the model's order, then the N
    learned ones. Every label in mmswap is an index into :attr:`names`. A
    forgotten class keeps its slot.

    A panoptic model tells things from stuff by the label alone: all things
    stand before all stuff. With ``stuff`` the order is therefore base things,
    learned things, base stuff, learned stuff.

    Where requests follow one another, the table of a request also tells what
    the earlier ones did. The classes that they learned stand behind the base
    and are retained or forgotten like those; what they forgot stays in its
    slot and belongs to the split ``forgotten_before`` instead of ``retain``.

    Args:
        base: The K class names of the base model, in the model's order.
        learn: The N class names to learn.
        forget: The class names to forget, some of ``base`` or
            ``learned_before``.
        stuff: For a panoptic model the names, among all, of its stuff
            classes. Those of ``base`` are its last ones.
        learned_before: What earlier requests learned, in their order.
        forgotten_before: What earlier requests forgot, some of ``base`` or
            ``learned_before``.
        missing: Classes that are to be kept but have no training data
            (GS-LoRA++, missing classes). They are no part of ``retain`` and
            are scored apart.

    Attributes:
        known: ``base`` and ``learned_before`` in the order of their labels:
            what the model knows when the request begins.
        retain: The known classes in none of ``forget``, ``forgotten_before``
            and ``missing``.

    Raises:
        ValueError: If a name stands twice, a class to forget is not known or
            was forgotten before, a class to learn is known, ``base`` is
            empty, nothing is left to retain, or a stuff class is unknown or
            stands before a thing.
    """

    def __init__(self,
                 base: Sequence[str],
                 learn: Sequence[str] = (),
                 forget: Sequence[str] = (),
                 stuff: Sequence[str] = (),
                 learned_before: Sequence[str] = (),
                 forgotten_before: Sequence[str] = (),
                 missing: Sequence[str] = ()) -> None:
        given = (base, learn, forget, stuff, learned_before, forgotten_before,
                 missing)
        for key, names in zip(_KEYS, given):
            _check_names(key, names)
        (self.base, self.learn, self.forget, self.stuff, self.learned_before,
         self.forgotten_before,
         self.missing) = (tuple(names) for names in given)
        if not self.base:
            raise ValueError('classes.base must name the classes of the base '
                             'model, got none')
        self.known = self._sorted(self.base + self.learned_before)
        self._check_splits()
        gone = self.forget + self.forgotten_before + self.missing
        self.retain = tuple(n for n in self.known if n not in gone)
        if not self.retain:
            raise ValueError('classes.forget must leave a class to retain, '
                             f'got all that is left of {list(self.known)}')
        self._check_stuff()

    def _sorted(self, names: Tuple[str, ...]) -> Tuple[str, ...]:
        """Things before stuff."""
        return tuple(sorted(names, key=lambda name: name in self.stuff))

    def _check_splits(self) -> None:
        """Refuse splits that share a class or have one of nowhere."""
        for key, other in (('learn', 'forget'), ('forget', 'forgotten_before'),
                           ('forget', 'missing'),
                           ('forgotten_before', 'missing')):
            both = [n for n in getattr(self, key) if n in getattr(self, other)]
            if both:
                raise ValueError(f'classes.{key} and classes.{other} must not '
                                 f'share a class, got {both} in both')
        for key in ('learn', 'learned_before'):
            known = [name for name in getattr(self, key)
                     if name in (self.known if key == 'learn' else self.base)]
            if known:
                raise ValueError(
                    f'classes.{key} must be new to the base model, but '
                    f'{known} stand in classes.base or '
                    'classes.learned_before already')
        for key in ('forget', 'forgotten_before', 'missing'):
            unknown = [
                name for name in getattr(self, key) if name not in self.known
            ]
            if unknown:
                raise ValueError(
                    f'classes.{key} must be some of classes.base and '
                    f'classes.learned_before, but {unknown} are not; the '
                    f'model has {list(self.known)}')

    def _check_stuff(self) -> None:
        """Refuse stuff that is unknown or stands before a thing."""
        unknown = [name for name in self.stuff if name not in self.names]
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
            classes: ``dict(base=..., learn=..., forget=...)`` and the other
                arguments of the constructor, or a table, which is returned
                as it is.

        Raises:
            TypeError: If ``classes`` is neither.
            ValueError: As the constructor, and for keys other than those.
        """
        if isinstance(classes, cls):
            return classes
        if not isinstance(classes, Mapping):
            raise TypeError('classes must be a dict(base=..., learn=..., '
                            f'forget=...), got {classes!r}')
        if not set(classes) <= set(_KEYS) or 'base' not in classes:
            raise ValueError('classes must be a dict with base and, where '
                             f'wanted, {", ".join(_KEYS[1:])}, got the keys '
                             f'{sorted(classes)}')
        return cls(**classes)

    @property
    def names(self) -> Tuple[str, ...]:
        """All names: base, then learned; things before all stuff."""
        return self._sorted(self.base + self.learned_before + self.learn)

    @property
    def is_new(self) -> Tuple[bool, ...]:
        """For each label, whether its class is one to learn."""
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
        shown = ', '.join(
            f'{split}={_shortened(getattr(self, split))}'
            for split in ALL_SPLITS if split in SPLITS or getattr(self, split))
        return f'ClassTable({shown})'

    def labels(self, split: Union[str, Sequence[str]]) -> Tuple[int, ...]:
        """Labels of a split, ascending.

        Args:
            split: ``retain``, ``forget``, ``learn``, ``forgotten_before``,
                ``missing``, ``all``, or a sequence of them.

        Raises:
            ValueError: If a split has another name.
        """
        wanted = [split] if isinstance(split, str) else list(split)
        chosen: Set[str] = set()
        for name in wanted:
            if name == 'all':
                chosen.update(self.names)
            elif name in ALL_SPLITS:
                chosen.update(getattr(self, name))
            else:
                raise ValueError("a split must be 'all' or one of "
                                 f'{ALL_SPLITS}, '
                                 f'got {name!r}')
        return tuple(i for i, name in enumerate(self.names) if name in chosen)

    @classmethod
    def from_saved(cls, saved: Mapping[str, Any]) -> 'ClassTable':
        """The table of a checkpoint or an adapter, also of release 0.1.

        Args:
            saved: What :meth:`as_dict` gave, there and then.
        """
        return cls.from_cfg(
            {_KEYS_OF_0_1.get(key, key): names
             for key, names in saved.items()})

    def as_dict(self) -> Dict[str, List[str]]:
        """The table as plain lists, what :meth:`from_cfg` takes."""
        table = {key: list(getattr(self, key)) for key in _KEYS}
        # The rest is left out where there is none, as mostly.
        return {k: v for k, v in table.items() if v or k in _KEYS[:3]}


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


def _shortened(names: Sequence[str], most: int = 8) -> str:
    """A list of names, as a message can hold it."""
    more = len(names) - most
    shown = repr(list(names[:most]))
    return shown if more <= 0 else f'{shown[:-1]} and {more} more]'
