"""What a tape says of where and when it was recorded."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from typing import Any

import numpy as np


def environment() -> dict[str, Any]:
    """Return the time, and the versions and the machine that results may depend on."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "environment": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "platform": sys.platform,
            "machine": platform.machine(),
        },
    }
