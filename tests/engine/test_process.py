"""A process of our own keeps the memory of its arrays for the next ones, until it rests."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_GLIBC = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "malloc_trim")
_CODE = """
import json
from pathlib import Path
import numpy as np
from engine import process

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20

process.relax()
before = resident()
arrays = [np.ones(4 << 20, np.uint8) for _ in range(200)]
full = resident()
del arrays
after = resident()
process.give_back()
print(json.dumps([before, full, after, resident()]))
"""


@pytest.mark.skipif(not _GLIBC, reason="only glibc's memory is kept and given back")
def test_the_memory_of_arrays_stays_until_the_process_rests() -> None:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _CODE], env=environment, capture_output=True, text=True, check=True
    )
    before, full, after, rested = json.loads(done.stdout)
    assert full - before > 700  # megabytes
    assert after - before > 700
    assert rested - before < 20
