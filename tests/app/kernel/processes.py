"""The processes of kernels under test: who they are, and whether they have gone."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.app.kernel.conftest import Heard


def pid_of(heard: Heard) -> int:
    return int(heard.value("import os; os.getpid()"))


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that ended but was not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_gone(pid: int, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        pause.wait(0.02)


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts by /proc")
