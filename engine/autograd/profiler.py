"""torch.autograd.profiler: present so that lessons run; it measures wall-clock time of the scope only."""

from __future__ import annotations

import time
from typing import Any


class profile:
    """Time a scope."""

    def __init__(self, enabled: bool = True, **options: Any) -> None:
        self.seconds = 0.0

    def __enter__(self) -> profile:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self.seconds = time.perf_counter() - self._start

    @property
    def self_cpu_time_total(self) -> float:
        return self.seconds * 1e6
