"""All checks, in one list, and how one is done."""
from typing import Any, Callable, Iterator, List, NamedTuple

from mmswap.apis.doctor.check_annotations import (
    check_annotations,
    check_splits,
)
from mmswap.apis.doctor.check_batches import check_branches, check_sampler
from mmswap.apis.doctor.check_checkpoint import check_checkpoint
from mmswap.apis.doctor.check_data import check_data
from mmswap.apis.doctor.check_files import (
    check_disk,
    check_names,
    check_paths,
)
from mmswap.apis.doctor.check_images import check_images
from mmswap.apis.doctor.check_model import check_models
from mmswap.apis.doctor.check_objective import check_bound, check_scores
from mmswap.apis.doctor.check_order import check_order, check_start
from mmswap.apis.doctor.check_schedule import (
    check_iteration_schedulers,
    check_length,
    check_passes,
    check_schedulers,
)
from mmswap.apis.doctor.examined import Examined, in_scope, is_examined
from mmswap.apis.doctor.finding import Finding, warning


class Check(NamedTuple):
    """One check.

    Attributes:
        run: Takes the swap and, where ``each_phase``, a phase, and yields
            findings.
        each_phase: Whether it is done of each phase, and not of the whole.
        cheap: Whether ``mmswap run`` does it by itself: it builds no model.
    """

    run: Callable[..., Iterator[Finding]]
    each_phase: bool = True
    cheap: bool = False


CHECKS = (
    Check(check_paths, cheap=True),
    Check(check_names, cheap=True),
    Check(check_sampler, cheap=True),
    Check(check_branches, cheap=True),
    Check(check_bound, cheap=True),
    Check(check_scores, cheap=True),
    Check(check_length, cheap=True),
    Check(check_schedulers, cheap=True),
    Check(check_order, cheap=True),
    Check(check_start, cheap=True),
    Check(check_disk, each_phase=False, cheap=True),
    Check(check_checkpoint, each_phase=False, cheap=True),
    Check(check_annotations, cheap=True),
    Check(check_images, each_phase=False, cheap=True),
    Check(check_splits, cheap=True),
    Check(check_data),
    Check(check_iteration_schedulers),
    Check(check_passes),
    Check(check_models, each_phase=False),
)


def run_checks(swap: Examined, cheap: bool = False) -> List[Finding]:
    """Do the checks; one that fails is a finding, and the others are done.

    Args:
        swap: The swap.
        cheap: Whether to do the cheap ones alone.

    Returns:
        The findings; what is found of several phases is there for each.
    """
    phases = [phase for phase in swap.to_run if is_examined(phase)]
    if not phases:
        return []
    found: List[Finding] = []
    for check in CHECKS:
        if cheap and not check.cheap:
            continue
        for phase in phases if check.each_phase else phases[:1]:
            given = (swap, phase) if check.each_phase else (swap, )
            with in_scope(phase):
                results = _done(check, given)
            name = phase.name if check.each_phase else ''
            found += [each if each.phase else each._replace(phase=name)
                      for each in results]
    return found


def _done(check: Check, given: Any) -> List[Finding]:
    """The findings of a check, as far as it came."""
    found: List[Finding] = []
    try:
        for finding in check.run(*given):
            found.append(finding)
    except Exception as raised:  # Whatever it is, the others are to be done.
        found.append(warning(
            check.run.__name__, 'could not be done to its end: '
            f'{type(raised).__name__}: {" ".join(str(raised).split())}'))
    return found
