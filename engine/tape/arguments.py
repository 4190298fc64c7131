"""The arguments of a tape's operations that are no tensors, as they were written down."""

from __future__ import annotations

import json
from typing import Any

from engine.tape.tape import Tape


def arguments(tape: Tape, op: int) -> dict[str, Any]:
    """Return the arguments of an operation by name, as plain JSON values.

    Empty where there are none, and where a damaged tape has something else in their place.
    """
    text = tape.text(int(tape.ops["params"][op]))
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):  # no JSON, numbers without end, or nested without end
        return {}
    return found if isinstance(found, dict) else {}
