"""All that the configs of a swap are made from."""
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from mmswap.apis.init.layout import Node
from mmswap.apis.init.names import Names
from mmswap.apis.init.schedule import Length
from mmswap.apis.init.stock import Stock

# Measured on photographs (docs/photographs.md): a dense head, YOLOX's, keeps
# 0.98 of its AP while another class is learned, 0.94 without, and learns more.
# Mask2Former on digits retains as much without, and learns better so.
HOLD_WEIGHT = 1.
# Where nothing of a camera retains: learning from new images alone, or with
# synthesized ones.
HOLD_ALONE = 2.
# Of new images where all of a map counts and few of its pixels are new: with
# an FCN on digits (docs/digits.md) it learns twice as much as with 0.9.
WEIGHT_IN_WHOLE_MAPS = 4.


class Val(NamedTuple):
    """What a swap is scored on.

    Attributes:
        dataset: Config of the data set of the loader, a ClassSubset or more.
        images: As of ``SwapEvaluator``.
        why: Sentences that say what is scored.
    """

    dataset: Node
    images: str
    why: str


class ForgetRequest(NamedTuple):
    """One of several requests to forget.

    Attributes:
        names: The classes to forget.
        length: How long it trains.
    """

    names: Names
    length: Length


class Swap(NamedTuple):
    """All that the configs of a swap are made from.

    Attributes:
        stock: The stock config.
        checkpoint: Path of the base checkpoint.
        base: The base model's class names.
        learn: The names to learn.
        forget: The names to forget, of all requests.
        stuff: The stuff classes of a panoptic model.
        targets: The layers that get LoRA, by name.
        adapter: Arguments of the adapter; none for the default.
        becomes_no_object: Whether what is forgotten becomes no object, as a
            detector's can; else it is forgotten as in the paper, and may get
            another name.
        holds: Whether what the base model says is held, as a dense head is
            better for.
        old: The stock config's data set to train on; None where there is none
            any more.
        old_is_synthesized: Whether its images are synthesized.
        new: What ``SwapDataset.new`` is; None where nothing is learned.
        all_labels: Whether the labels of old classes in it count too.
        labels: A sentence on the labels in it, or empty.
        val: What it is scored on.
        batches: How many images to retain, and of the target, are in a step
            of each kind of phase.
        lengths: How long each kind of phase trains.
        phases: The phases in order: ``learn``, ``forget``, and
            ``forget-first`` for one in front of what is learned. Of a plan of
            requests ``request-learn`` and ``request-forget``.
        notes: What the user should know.
        requests: The requests to forget of a plan, in order; empty for a swap
            of phases.
    """

    stock: Stock
    checkpoint: Path
    base: Names
    learn: Names
    forget: Names
    stuff: Names
    targets: List[str]
    adapter: Dict[str, Any]
    becomes_no_object: bool
    holds: bool
    old: Optional[Node]
    old_is_synthesized: bool
    new: Optional[Node]
    all_labels: bool
    labels: str
    val: Val
    batches: Dict[str, Tuple[int, int]]
    lengths: Dict[str, Length]
    phases: Tuple[str, ...]
    notes: Tuple[str, ...]
    requests: Tuple[ForgetRequest, ...] = ()

    @property
    def whole(self) -> str:
        """The phase whose config says all; the others inherit from it."""
        if self.requests:
            return 'request-forget'
        return 'learn' if self.learn else 'forget'

    @property
    def plan(self) -> str:
        """Name of the file of the plan of requests."""
        return f'{self.stock.stem}_requests.py'

    def name(self, phase: str) -> str:
        """Name of the config file of a phase.

        Args:
            phase: One of ``phases``.
        """
        return f'{self.stock.stem}_{phase}.py'

    def batch(self, phase: str) -> Tuple[int, int]:
        """How many images to retain, and of the target, are in a step.

        Args:
            phase: One of ``phases``.
        """
        return self.batches[phase_kind(phase)]

    def length(self, phase: str) -> Length:
        """How long a phase trains, by what its config says.

        Args:
            phase: One of ``phases``.
        """
        return self.lengths[phase_kind(phase)]

    def objective(self, phase: str) -> Dict[str, Any]:
        """The objective of a phase, as in a config.

        Args:
            phase: One of ``phases``.
        """
        kind = ('Learn' if phase_kind(phase) == 'learn' else
                'ClassForget' if self.becomes_no_object else 'Forget')
        if not self.batch(phase)[0]:
            weights = dict(retain_weight=0., hold_weight=HOLD_ALONE)
        else:
            weights = dict(hold_weight=self._hold_weight(kind)) if (
                self.holds) else {}
            if (self.old is None and kind == 'Learn'
                    and self.stock.scope == 'mmseg'):
                weights['weight'] = WEIGHT_IN_WHOLE_MAPS
        return dict(type=f'mmswap.{kind}Objective', **weights)

    def _hold_weight(self, kind: str) -> float:
        if kind == 'Learn' and self.old_is_synthesized:
            return HOLD_ALONE
        return HOLD_WEIGHT

    def forgotten(self, phase: str) -> str:
        """What old images show of what is forgotten, as of ``SwapDataset``.

        Args:
            phase: One of ``phases``.
        """
        if not self.becomes_no_object:
            return 'left_out'
        if phase_kind(phase) == 'forget':
            return 'background'
        # Not where it was forgotten already.
        return 'labelled' if self.phases == ('learn', 'forget') else 'left_out'

    def load_from(self, phase: str) -> str:
        """The checkpoint that a phase begins with.

        Args:
            phase: One of ``phases``.

        Returns:
            Its path. Of a request it is the base model's; those that are not
            the first of a plan are given another one when they are run.
        """
        place = self.phases.index(phase)
        if place == 0 or self.requests:
            return self.checkpoint.as_posix()
        before = self.phases[place - 1]
        return (f'work_dirs/{Path(self.name(before)).stem}/'
                f'{self.length(before).checkpoint}')


def phase_kind(phase: str) -> str:
    """Whether a phase is one to ``learn`` or to ``forget``.

    Args:
        phase: One of :attr:`Swap.phases`.
    """
    return 'learn' if 'learn' in phase else 'forget'
