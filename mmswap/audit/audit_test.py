"""What a test of the audit is."""
from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Dict, Mapping, NamedTuple, Tuple

from mmswap.audit.measured import Measured
from mmswap.audit.subject import Subject

if TYPE_CHECKING:
    from mmswap.audit.data import AuditData


class Figure(NamedTuple):
    """What one figure of a test is, and what it says.

    Attributes:
        title: What is measured, and its unit.
        says: One sentence on what it does and does not show.
        reveals: Which references with the class in them it finds out:
            ``'base'`` and, where hiding does not help, ``'hidden'``.
    """

    title: str
    says: str
    reveals: Tuple[str, ...] = ('base', 'hidden')


class AuditTest(metaclass=ABCMeta):
    """One test. It takes the same figures of every model.

    A plugin adds one by registering it in ``mmswap.registry.AUDITS``.

    Attributes:
        figures: What it measures, by name.
        by_default: Whether it is run where no tests are named.
    """

    figures: Mapping[str, Figure]
    by_default: bool = True

    @abstractmethod
    def run(self, subject: Subject,
            data: 'AuditData') -> Dict[str, Measured]:
        """Measure a model.

        Args:
            subject: The model.
            data: The images, and what is measured on them.

        Returns:
            Its figures, by names of :attr:`figures`.
        """
