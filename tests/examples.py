"""How many random cases a property is tried with: few, the same in every run, or as many as asked.

`TAPEDECK_EXAMPLES=10 python -m tests` tries ten times as many, other ones each time.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings

_TIMES = int(os.environ.get("TAPEDECK_EXAMPLES", "1"))
_USUAL = 50

#: For all properties that say nothing else.
USUAL = settings(
    max_examples=_USUAL * _TIMES,
    deadline=None,  # a busy machine is no failure
    derandomize=_TIMES == 1,
    suppress_health_check=[HealthCheck.too_slow],
)


def examples(count: int, **more: Any) -> settings:
    """Decorate a property whose cases are dear, or many; `more` as in `hypothesis.settings`."""
    return settings(USUAL, max_examples=count * _TIMES, **more)
