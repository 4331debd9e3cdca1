"""What a swap has to know of data sets, whatever they are made of."""
from abc import ABCMeta, abstractmethod
from pathlib import Path
from typing import Dict, List, Optional, Union

from mmengine.config import ConfigDict

from mmswap.apis.init.layout import Call, Code, Node
from mmswap.apis.init.names import Names
from mmswap.apis.init.source import Source
from mmswap.apis.init.stock import Stock, inner_datasets

# A data set as a config has it: another one with changes, or a whole one.
SetNode = Union[Call, Dict[str, Node]]
_TRAIN = 'train_dataloader'


class DataKind(metaclass=ABCMeta):
    """Data sets of one library.

    Args:
        stock: The stock config.

    Attributes:
        labels_several: Whether an image can show several classes.
        without_old: Whether a swap does without old images.
        given_old: The config of the data set of old images that a swap has
            in place of the stock config's; None where it has that.
        needs_stock: Whether what the stock config trains on must be there.
        looked_up: The folder of images that was found for an option, where
            the command line names none.
        old: How a config that inherits calls each data set to train on, and
            the data set's config.
        old_val: The same of those to validate on.
        renamed: The base's names where the data sets' own are not to be used.
    """

    labels_several = True

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.without_old = False
        self.given_old: Optional[SetNode] = None
        self.needs_stock = True
        self.looked_up: Dict[str, Path] = {}
        self.old = inner_datasets(stock, _TRAIN)
        self.old_val = inner_datasets(stock, 'val_dataloader')
        self.renamed: Optional[Names] = None

    def is_wrapped(self) -> bool:
        """Whether the data set to train on is a wrapper of others."""
        return self.old[0][0] != _outermost(_TRAIN)

    def take_as_old(self, source: Source) -> None:
        """Have other images in place of those of the stock config.

        Args:
            source: Where they are.
        """
        ref, old = self.old[0]
        node = self.set_of(source, ref, old, whole=True)
        if isinstance(node, Call):
            settings = {**old, **node.kwargs}
        else:
            # What refers to the stock config; annotations are read without.
            settings = {key: value for key, value in node.items()
                        if key not in ('metainfo', 'pipeline')}
        self.given_old = _wrapped(node, ref)
        self.old = [(ref, ConfigDict(settings))]

    def old_set(self) -> Node:
        """The data set of old images to train on, as a phase has it."""
        return self.given_old or self.stock_set(_TRAIN)

    def stock_set(self, loader: str) -> Node:
        """The data set of the stock config, as a phase has it.

        Args:
            loader: ``'train_dataloader'`` or ``'val_dataloader'``.
        """
        ref = _outermost(loader)
        if self.renamed is None:
            return ref
        names = dict(classes=Code("classes['base']"))
        return Call('dict', (ref, ), dict(metainfo=names))

    def new_set(self, source: Source) -> SetNode:
        """What ``SwapDataset.new`` is for a source.

        Args:
            source: Where the images to learn from are.
        """
        # Of several data sets, or none, there is none to differ from.
        whole = self.without_old or '[' in self.old[0][0].text
        ref, old = (inner_datasets(self.stock, _TRAIN) if whole else
                    self.old)[0]
        return self.set_of(source, ref, old, whole)

    def val_set(self, source: Source) -> SetNode:
        """The config of a data set to validate on.

        Args:
            source: Where its images are.
        """
        ref, old = self.old_val[0]
        return self.set_of(source, ref, old, whole=True)

    def shows_old(self, source: Source, names: Names) -> bool:
        """Whether a source's labels are known to be of old classes, too.

        Args:
            source: Where to look.
            names: Names of the base model's classes.
        """
        del source, names
        return False

    def is_synthesized(self, source: Source) -> bool:
        """Whether a source's images are what ``mmswap synthesize`` made.

        Args:
            source: Where to look.
        """
        del source
        return False

    @abstractmethod
    def base_names(self) -> Optional[Names]:
        """Names of the classes that the stock config trains on, by label."""

    def stuff(self, source: Optional[Source]) -> Names:
        """Names of the stuff classes of a panoptic model.

        Args:
            source: What else to look into.
        """
        del source
        return ()

    @abstractmethod
    def count_old(self, names: Names) -> int:
        """How many images to train on, at most, show some classes.

        Args:
            names: The classes.
        """

    @abstractmethod
    def labelled(self, source: Source, names: Names) -> Dict[str, int]:
        """How many images of a source show a class, by its name.

        Args:
            source: Where to look.
            names: The names, by label, where the source itself has none.

        Returns:
            The classes that the source lists, in its order.
        """

    @abstractmethod
    def count_new(self, source: Source, names: Names) -> int:
        """How many images of a source show some classes.

        Args:
            source: Where to look.
            names: The classes.
        """

    @abstractmethod
    def set_of(self, source: Source, ref: Code, old: ConfigDict,
               whole: bool) -> SetNode:
        """The config of a data set of a source.

        Args:
            source: Where its images are.
            ref: How a config calls a data set of the stock config.
            old: That one.
            whole: Whether all of it is needed, or what differs suffices.
        """

    def notes(self) -> List[str]:
        """What the user should know: where images were found."""
        return [f'the images of {option} are those in {folder} ({option}-'
                'images names another folder)'
                for option, folder in self.looked_up.items()]

    def labels_of_new(self, base: Names, learn: Names) -> str:
        """A sentence on how new images are labelled.

        Args:
            base: Names of the base model's classes.
            learn: Names to learn.

        Returns:
            The sentence; empty where names tell.
        """
        del base, learn
        return ''

    @abstractmethod
    def old_val_names(self, names: Names) -> Names:
        """Names of the classes that the stock config validates on.

        Args:
            names: Those of the base model.

        Raises:
            FileNotFoundError: If its data are not there.
        """


def _outermost(loader: str) -> Code:
    """How a config that inherits calls the data set of a loader."""
    return Code(f'_base_.{loader}.dataset')


def _wrapped(node: SetNode, ref: Code) -> SetNode:
    """A data set in the wrappers of one of the stock config, in its place.

    Args:
        node: The data set.
        ref: How a config calls the one whose place it takes.
    """
    while ref != _outermost(_TRAIN):
        text, _, key = ref.text.rpartition('.')
        key, _, number = key.partition('[')
        ref = Code(text)
        node = Call('dict', (ref, ), {key: [node] if number else node})
    return node
