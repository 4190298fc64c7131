"""Recordings of small programs, as the kernel would make them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.tape.tape import Tape
from tests import recording


@pytest.fixture
def record() -> Callable[..., Tape]:
    """Run sources as cells 1, 2, ... on the engine and return what was recorded."""
    return recording.tape_of
