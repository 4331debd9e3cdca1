"""What was found of a swap, as text and as json."""
import json
import textwrap
from typing import Any, Dict, List, NamedTuple, Tuple

from mmswap.apis.doctor.finding import LEVELS, Finding

_WIDTH = 79
_TITLES = dict(error='What is wrong', warning='What may be wrong',
               note='How it is')


class Diagnosis(NamedTuple):
    """What was found of a swap.

    Attributes:
        phases: Names of its phases, in order.
        findings: What was found.
        seconds: How long it took.
    """

    phases: List[str]
    findings: List[Finding]
    seconds: float

    def of(self, level: str) -> List[Finding]:
        """The findings of a level, those of several phases once.

        Args:
            level: One of ``LEVELS``.
        """
        phases: Dict[Tuple[str, str], List[str]] = {}
        first: Dict[Tuple[str, str], Finding] = {}
        for finding in self.findings:
            if finding.level != level:
                continue
            same = (finding.key, finding.message)
            first.setdefault(same, finding)
            names = phases.setdefault(same, [])
            if finding.phase and finding.phase not in names:
                names.append(finding.phase)
        return [finding._replace(phase=', '.join(phases[same]))
                for same, finding in first.items()]

    @property
    def is_fine(self) -> bool:
        """Whether there is no error."""
        return not self.of('error')

    def as_dict(self) -> Dict[str, Any]:
        """All of it, as json can hold it."""
        counts = {f'{level}s': len(self.of(level)) for level in LEVELS}
        return dict(
            counts, ok=self.is_fine, phases=self.phases,
            seconds=round(self.seconds, 2),
            findings=[
                dict(level=each.level, phases=each.phase.split(', ')
                     if each.phase else [], key=each.key,
                     message=each.message, facts=each.facts or {})
                for level in LEVELS for each in self.of(level)
            ])

    def as_json(self) -> str:
        """The same as text."""
        return json.dumps(self.as_dict(), indent=2, allow_nan=False,
                          default=str)

    def as_text(self) -> str:
        """For people: what is wrong first."""
        lines: List[str] = []
        for level in LEVELS:
            found = self.of(level)
            if found:
                lines.append(f'{_TITLES[level]}:')
                lines += self._listed(found)
                lines.append('')
        counts = ', '.join(
            f'{len(self.of(level)) or "no"} {level}'
            f'{"" if len(self.of(level)) == 1 else "s"}'
            for level in LEVELS[:2])
        return '\n'.join([*lines, f'{counts}, found in {self.seconds:.0f} s'])

    def _listed(self, findings: List[Finding]) -> List[str]:
        """Lines of findings, below the phases that they are of."""
        by_phase: Dict[str, List[Finding]] = {}
        for finding in findings:
            by_phase.setdefault(finding.phase, []).append(finding)
        every = ', '.join(self.phases)
        lines = []
        for phase, found in by_phase.items():
            if len(self.phases) > 1 and phase:
                where = 'each phase' if phase == every else phase
                lines.append(f'  in {where}')
            lines += map(_item, found)
        return lines


def _item(finding: Finding) -> str:
    """A finding in lines that fit a terminal, and a table where it has one."""
    colon = ':' if finding.level == 'note' else ''
    lines = [textwrap.fill(
        f'{finding.key}{colon} {finding.message}', _WIDTH,
        initial_indent='  - ', subsequent_indent='    ',
        break_long_words=False, break_on_hyphens=False)]
    splits = (finding.facts or {}).get('splits', {})
    for split, counts in splits.items():
        lines.append(f'      {split:16}' + ''.join(
            f'{number:9,} {unit}' for unit, number in counts.items()))
    return '\n'.join(lines)
