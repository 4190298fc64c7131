"""The programs of `programs/` print under the engine what they printed under PyTorch."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from surface_recipes import RECORDING, output, programs

_PROGRAMS = programs()


@pytest.mark.parametrize("name", _PROGRAMS)
def test_a_program_prints_what_pytorch_prints(name: str) -> None:
    import engine

    expected = json.loads(RECORDING.read_text("utf-8"))[name]
    assert output(_PROGRAMS[name], engine) == expected
