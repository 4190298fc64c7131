"""Arguments of operations that are no tensors, as JSON texts that a later run can read back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.tape.record.rows import capped

_PLAIN = (int, float, bool, str, type(None))


class Params:
    """Encodes arguments; equal plain ones are encoded once.

    What JSON has no word for is an object of one key: {"slice": [start, stop, step]},
    {"ellipsis": true}, {"dtype": "float32"}, {"float": "nan"}, {"array": [...]}, {"stored": row of
    arrays}, {"repr": text}.
    """

    def __init__(self, keep: Callable[[Any], int]) -> None:
        """keep: takes a large array and returns its row of `arrays`."""
        self._keep = keep
        self._texts: dict[Any, str] = {}
        self._latest: tuple[Any, str] = (None, "")

    def text(self, params: dict[str, Any]) -> str:
        """Return the JSON text of arguments; of the same object as before, which is kept, the same."""
        if params is self._latest[0]:
            return self._latest[1]
        text = self._text(params)
        if "optimizer" in params:  # one object for all parameters of a group
            self._latest = params, text
        return text

    def _text(self, params: dict[str, Any]) -> str:
        key = self._key(params)
        if key is None:
            return encode(params, self._keep)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = encode(params, self._keep)
            if len(self._texts) > 4096:
                self._texts.clear()
        return text

    @staticmethod
    def _key(params: dict[str, Any]) -> Any:
        key: list[Any] = []
        for name, value in params.items():
            # 1, 1.0 and True are equal, as are 0.0 and -0.0: the type and the sign must tell.
            for one in value if type(value) is tuple else (value,):
                if type(one) not in _PLAIN or (one == 0.0 and type(one) is float):
                    return None
                key.append(type(one))
            key += (name, value)
        return tuple(key)


def encode(params: dict[str, Any], keep: Callable[[Any], int]) -> str:
    """Return the JSON text of arguments by name."""
    return json.dumps({name: _plain(value, 0, keep) for name, value in params.items()})


def _plain(value: Any, depth: int, keep: Callable[[Any], int]) -> Any:
    if isinstance(value, bool | int | str | None) and type(value) in _PLAIN:
        return value if not isinstance(value, str) else capped(value, 1000)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        return {"slice": [_plain(part, depth + 1, keep) for part in parts]}
    if isinstance(value, tuple | list) and depth < 8 and len(value) <= 1000:
        return [_plain(one, depth + 1, keep) for one in value]
    if isinstance(value, np.generic | np.ndarray) and value.size <= 1000:
        return {"array": _plain(value.tolist(), depth + 1, keep)}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {"stored": keep(value)}
    if type(value).__name__ == "dtype":
        return {"dtype": str(getattr(value, "name", value))}
    return {"repr": _repr(value)}


def _repr(value: Any) -> str:
    try:
        return capped(repr(value), 200)
    except Exception:  # the person's own __repr__ may raise anything
        return f"<{type(value).__name__}>"
