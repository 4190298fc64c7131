"""torch.jit: nothing is compiled here; what marks code for compilation leaves it as it is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, NoReturn

from engine.later import sign as _sign
from engine.warning import warn

_PLAIN = (
    "torch.jit.{}: programs are not compiled by this engine; what was given runs as Python, and "
    "computes the same"
)


@functools.cache
def _say(name: str) -> None:
    warn(_PLAIN.format(name))


def script(obj: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the function, class or module itself."""
    _say("script")
    return obj


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Return the function, or a decorator that does."""
    return drop if callable(drop) else lambda fn: fn


def unused(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function."""
    return fn


export = script_if_tracing = unused


def annotate(the_type: Any, the_value: Any) -> Any:
    """Return the value."""
    return the_value


def is_scripting() -> bool:
    """Whether a compiled program is running: never."""
    return False


is_tracing = is_scripting


def _unsupported(name: str) -> Callable[..., NoReturn]:
    def call(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"torch.jit.{name} is not supported by this engine: programs are not compiled; call the "
            "function or module itself"
        )

    call.__name__ = call.__qualname__ = name
    return call


_UNSUPPORTED = "fork freeze load optimize_for_inference save trace trace_module wait"
globals().update({name: _unsupported(name) for name in _UNSUPPORTED.split()})

_sign(globals(), "torch.jit")

__all__ = [
    "Final",
    "annotate",
    "export",
    "ignore",
    "is_scripting",
    "is_tracing",
    "script",
    "unused",
]
