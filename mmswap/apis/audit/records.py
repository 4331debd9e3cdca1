"""What an audit has measured so far, so that it can be stopped."""
import hashlib
import json
import re
from pathlib import Path
from typing import Any, Callable, Dict

from mmswap.audit.measured import Measured
from mmswap.whole_file import write_text

Figures = Dict[str, Measured]


class AuditRecords:
    """A file for each test of each model, written as soon as it is known.

    Args:
        folder: The folder of the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def figures(self, test: str, model: str, fingerprint: str,
                measure: Callable[[], Figures]) -> Figures:
        """The figures of a test of a model, measured where not known.

        Args:
            test: Name of the test.
            model: Name of the model.
            fingerprint: Hash of all that the figures depend on.
            measure: Measures them.
        """
        found = self.value(
            f'{test} {model}', fingerprint,
            lambda: {key: one._asdict() for key, one in measure().items()})
        return {key: Measured(**one) for key, one in found.items()}

    def knows(self, test: str, model: str, fingerprint: str) -> bool:
        """Whether figures need not be measured.

        Args:
            test: Name of the test.
            model: Name of the model.
            fingerprint: Hash of all that they depend on.
        """
        return self._read(f'{test} {model}', fingerprint) is not None

    def value(self, name: str, fingerprint: str,
              compute: Callable[[], Any]) -> Any:
        """Something that json can hold, computed where not known.

        Args:
            name: What it is.
            fingerprint: Hash of all that it depends on.
            compute: Computes it.
        """
        known = self._read(name, fingerprint)
        if known is None:
            known = compute()
            write_json(self._path(name), dict(
                fingerprint=fingerprint, value=known))
        return known

    def _read(self, name: str, fingerprint: str) -> Any:
        path = self._path(name)
        if not path.is_file():
            return None
        record = json.loads(path.read_text())
        return record['value'] if record['fingerprint'] == fingerprint \
            else None

    def _path(self, name: str) -> Path:
        return self._folder / f'{re.sub("[^A-Za-z0-9]+", "-", name)}.json'


def fingerprint_of(*values: Any) -> str:
    """SHA-256 of parts of configs, and of anything that prints alike.

    Args:
        values: The parts.
    """
    return hashlib.sha256(repr(values).encode()).hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write all of a file or, if interrupted, nothing of it.

    Args:
        path: The file; its folder is made.
        value: What goes into it.
    """
    write_text(path, json.dumps(value, indent=2) + '\n')
