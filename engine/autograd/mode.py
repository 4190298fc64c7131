"""Whether operations are recorded in the graph, and the scopes that change it."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from engine import recording

enabled: bool = True
inference: bool = False
#: True while the fast paths must not be taken: inference mode, saved-tensor hooks or a map are on.
unusual: bool = False
#: What runs operations while a `vmap` does (`engine.batching.calls`); None while none does.
batching: Any = None
#: Whether inference mode was ever on, so that some tensors may be of those that no node can keep.
met_inference: bool = False
#: The (pack, unpack) pairs of `graph.saved_tensors_hooks` in force, innermost last.
pack_hooks: list[Any] = []
anomaly: bool = False
#: The function transforms that run (see `engine.batching.levels`), outermost first.
transforms: list[Any] = []
#: Whether the backward passes that run stand for a derivative along tangents.
pushes: bool = False
#: What moves tangents along with operations while a level of dual tensors is open; None otherwise.
duals: Any = None

_F = TypeVar("_F", bound=Callable[..., Any])


def refresh() -> None:
    """Recompute `unusual` after a scope changed."""
    global met_inference, unusual
    met_inference = met_inference or inference
    unusual = inference or anomaly or bool(pack_hooks) or batching is not None
    unusual = unusual or duals is not None


def is_grad_enabled() -> bool:
    return enabled


def is_inference_mode_enabled() -> bool:
    return inference


def _opened() -> Any:
    """Let the recorder see what happens under enable_grad, in the forward of a Function too."""
    return recording.open_log() if enabled and recording.forward is not None else None


class _Scope:
    """A context manager that is also a decorator; each use of it nests on its own."""

    def __init__(self) -> None:
        self._before: list[Any] = []  # enabled, inference, and the log that was opened

    def _clone(self) -> _Scope:
        return type(self)()

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(self, *exc: object) -> None:
        global enabled, inference
        enabled, inference, opened = self._before.pop()
        refresh()
        recording.close_log(opened)

    def __call__(self, func: Any) -> Any:
        if inspect.isclass(func):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You "
                "should only decorate functions or methods. To preserve the current behavior of "
                "class decoration, you can directly decorate the `__init__` method and nothing "
                "else.",
                FutureWarning,
                stacklevel=2,
            )
            made = func

            def func(*args: Any, **kwargs: Any) -> Any:
                return made(*args, **kwargs)

        if inspect.isgeneratorfunction(func):
            return self._generator(func)

        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self._clone():
                return func(*args, **kwargs)

        return wrapper

    def _generator(self, func: Any) -> Any:
        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = func(*args, **kwargs)
            sent = None
            while True:
                with self._clone():
                    try:
                        item = generator.send(sent)
                    except StopIteration as stop:
                        return stop.value
                sent = yield item

        return wrapper


class _Switch(_Scope):
    """A scope with a fixed setting, usable as `@no_grad` as well as `@no_grad()`."""

    value = False

    def __new__(cls, func: Any = None, **others: Any) -> Any:
        for name in others:
            raise TypeError(
                "_NoParamDecoratorContextManager.__new__() got an unexpected keyword argument "
                f"{name!r}"
            )
        self = super().__new__(cls)
        if func is None:
            return self
        _Scope.__init__(self)
        return self(func)

    def __init__(self, func: Any = None) -> None:
        super().__init__()

    def __enter__(self) -> None:
        global enabled
        before, enabled = enabled, self.value and not inference
        self._before.append((before, inference, _opened()))


class no_grad(_Switch):
    """Switch recording off."""

    __module__ = "torch.autograd.grad_mode"


class enable_grad(_Switch):
    """Switch recording on."""

    __module__ = "torch.autograd.grad_mode"
    value = True


class set_multithreading_enabled:
    """Whether a pass may use several threads: it uses one in either case."""

    __module__ = "torch.autograd.grad_mode"

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass


class set_grad_enabled(_Scope):
    """Set recording at once; as a context manager, undo it at the end."""

    __module__ = "torch.autograd.grad_mode"

    def __init__(self, mode: bool) -> None:
        global enabled
        if not isinstance(mode, bool):
            raise TypeError(
                "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not "
                f"{type(mode).__name__}"
            )
        super().__init__()
        self.mode = mode
        before, enabled = enabled, bool(mode)
        self._before.append((before, inference, _opened()))

    def _clone(self) -> set_grad_enabled:
        return set_grad_enabled(self.mode)

    def __call__(self, func: Any) -> Any:
        global enabled, inference
        if self._before:
            enabled, inference, opened = self._before.pop()
            recording.close_log(opened)
        return super().__call__(func)

    def __enter__(self) -> None:
        global enabled
        before, enabled = enabled, bool(self.mode)
        if not self._before:
            self._before.append((before, inference, _opened()))

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"


class inference_mode(_Scope):
    """Switch recording off and make tensors that can never enter a graph."""

    __module__ = "torch.autograd.grad_mode"

    def __new__(cls, mode: Any = True) -> Any:
        self = super().__new__(cls)
        if isinstance(mode, bool):
            return self
        _Scope.__init__(self)
        self.mode = True
        return self(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self.mode = mode

    def _clone(self) -> inference_mode:
        return inference_mode(self.mode)

    def __enter__(self) -> None:
        global enabled, inference
        self._before.append((enabled, inference, None))
        enabled, inference = not self.mode, self.mode
        refresh()
