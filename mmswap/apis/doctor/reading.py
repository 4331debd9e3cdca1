"""The phases of a swap, also of one that cannot be run as it is."""
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
)

from mmengine.config import Config

from mmswap.apis.config import load_config
from mmswap.apis.doctor.finding import Finding, refusal
from mmswap.apis.plan import (
    PHASE_CHECKS,
    Phase,
    fingerprint_base,
    plan_phases,
)
from mmswap.config.tables import check_tables


class Read(NamedTuple):
    """What could be read of a swap.

    Attributes:
        phases: The phases that there are, in order.
        findings: What is wrong with their configs.
    """

    phases: List[Phase]
    findings: List[Finding]


def read_swap(configs: Sequence[str], work_dir: Path,
              cfg_options: Optional[Dict[str, Any]] = None) -> Read:
    """Read the phases of a swap, and find all that is refused of them.

    :func:`~mmswap.apis.plan.plan_phases` ends at the first thing that is
    wrong. Then each config is read by itself, and refused by all that
    refuses it.

    Args:
        configs: Config files of the phases in order, or the one of a plan.
        work_dir: The swap's work dir.
        cfg_options: Settings to override in every phase, by dotted key.
    """
    try:
        return Read(plan_phases(configs, work_dir, cfg_options=cfg_options),
                    [])
    except Exception as raised:  # A config is code.
        first = refusal('configs', raised)
    phases: List[Phase] = []
    findings: List[Finding] = []
    for config in _files(configs):
        name = Path(config).stem
        try:
            cfg = load_config(config, str(work_dir / name),
                              cfg_options=cfg_options, check=False)
        except Exception as raised:
            findings.append(
                refusal(config, raised)._replace(key=config, phase=name))
            continue
        findings += [found._replace(phase=name)
                     for found in _refusals(cfg, config, not phases)]
        phases.append(Phase(name, cfg, ''))
    if not any(found.message == first.message for found in findings) and (
            phases or not findings):
        findings.insert(0, first)
    return Read(phases, findings)


def _files(configs: Sequence[str]) -> List[str]:
    """The config files, those of a plan where it is one."""
    if len(configs) != 1:
        return [str(config) for config in configs]
    try:
        given = Config.fromfile(str(configs[0])).get('configs')
    except Exception:
        given = None
    if not isinstance(given, Mapping):
        return [str(configs[0])]
    folder = Path(configs[0]).parent
    return [str(folder / file) for file in given.values()
            if (folder / str(file)).is_file()]


def _refusals(cfg: Config, config: str, is_first: bool) -> List[Finding]:
    """All that refuses a config, where several do."""
    if 'configs' in cfg and 'requests' in cfg:
        return []
    found = []
    checks: List[Callable[[Config, str], Any]] = [_same_table, *PHASE_CHECKS]
    if is_first:
        checks.append(fingerprint_base)
    for check in checks:
        try:
            check(cfg, config)
        except Exception as raised:
            found.append(refusal(config, raised))
    return list(dict.fromkeys(found))


def _same_table(cfg: Config, name: str) -> None:
    del name
    check_tables(cfg)
