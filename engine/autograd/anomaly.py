"""Anomaly detection: check gradients for nan and say which operation made them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.autograd import mode as grad_mode

#: Where the engine's own code lies.
_HERE = str(Path(__file__).parents[1])
enabled: bool = False
check_nan: bool = True

_WARNING = (
    "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
    "debugging."
)


class detect_anomaly:
    """Within it, a nan in a backward pass raises."""

    __module__ = "torch.autograd.anomaly_mode"

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        warnings.warn(_WARNING, UserWarning, stacklevel=2)

    def __enter__(self) -> None:
        self._before = enabled, check_nan
        _set(True, self.check_nan)

    def __exit__(self, *exc: object) -> None:
        _set(*self._before)


class set_detect_anomaly:
    """Switch anomaly detection at once, or for a scope."""

    __module__ = "torch.autograd.anomaly_mode"

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                "set_anomaly_enabled(): argument 'enabled' (position 1) must be bool, not "
                f"{type(mode).__name__}"
            )
        self._before = enabled, globals()["check_nan"]
        _set(mode, check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        _set(*self._before)


def _set(mode: Any, nan: bool) -> None:
    global enabled, check_nan
    enabled, check_nan = bool(mode), nan
    grad_mode.anomaly = enabled
    grad_mode.refresh()


def is_enabled() -> bool:
    return enabled


def checks_nan() -> bool:
    return check_nan


def remember(node: Any) -> None:
    """Keep where the operation of a new node was called."""
    import traceback

    frames = traceback.extract_stack()
    while frames and _is_ours(frames[-1].filename):
        frames.pop()
    node.metadata["traceback_"] = traceback.format_list(frames)


def _is_ours(filename: str) -> bool:
    return filename.startswith(_HERE)


def _tell(node: Any) -> None:
    lines = node.metadata.get("traceback_")
    text = "No forward pass information available. Enable detect anomaly during forward pass for more information."
    if lines:
        text = "Traceback of forward call that caused the error:\n" + "".join(lines)
    warnings.warn(f"Error detected in {node.name()}. {text}", UserWarning, stacklevel=2)


def watched(node: Any, g: Any, grads: Callable[[Any, Any], Any]) -> Any:
    """The gradients that a node computes; say which operation's they were if that fails or gives nan."""
    try:
        out = grads(node, g)
    except Exception:
        _tell(node)
        raise
    inspect_step(node, out)
    return out


def inspect_step(node: Any, out: Any) -> None:
    """Raise if the gradients that `node` computed contain nan."""
    import numpy as np

    for i, v in enumerate(out):
        a = getattr(v, "_a", v)
        if a is not None and check_nan and a.dtype.kind in "fc" and np.isnan(a).any():
            _tell(node)
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.")
