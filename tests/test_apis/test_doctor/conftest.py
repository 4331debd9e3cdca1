"""The swap that the doctor looks at."""
from pathlib import Path

import pytest
from doctor_swap import Swap


@pytest.fixture
def swap(tmp_path, monkeypatch) -> Swap:
    """Its files in an empty folder, which becomes current."""
    monkeypatch.chdir(tmp_path)
    return Swap(Path(tmp_path))
