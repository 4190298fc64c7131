"""Checkpointing: forget what a part of the network saved and compute it again in backward."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import engine
from engine.autograd.function import Function
from engine.autograd.graph import saved_tensors_hooks
from engine.autograd.passes import backward
from engine.later import sign as _sign
from engine.tensor import Tensor


def _function() -> Any:
    class CheckpointFunction(Function):
        @staticmethod
        def forward(ctx: Any, run: Callable[..., Any], state: Any, *args: Any) -> Any:
            ctx.run, ctx.state = run, state
            ctx.rest = [None if isinstance(a, Tensor) else a for a in args]
            ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
            ctx.save_for_backward(*[args[i] for i in ctx.places])
            with engine.no_grad():
                return run(*args)

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            args = list(ctx.rest)
            for i, saved in zip(ctx.places, ctx.saved_tensors, strict=True):
                args[i] = saved.detach().requires_grad_(saved.requires_grad)
            with engine.random.fork_rng(enabled=ctx.state is not None), engine.enable_grad():
                if ctx.state is not None:
                    engine.set_rng_state(ctx.state)
                outputs = ctx.run(*args)
            outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
            pairs = [
                (o, g)
                for o, g in zip(outputs, gradients, strict=True)
                if isinstance(o, Tensor) and o.requires_grad
            ]
            backward([o for o, _ in pairs], [g for _, g in pairs])
            return (None, None, *(a.grad if isinstance(a, Tensor) else None for a in args))

    return CheckpointFunction


def _check_reentrant(args: Sequence[Any], settings: Sequence[str], kwargs: dict[str, Any]) -> None:
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if "context_fn" in settings or "debug" in settings:
        raise ValueError(
            "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
        )
    if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=4
        )


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
    preserve_rng_state: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """Return function(*args) without keeping what its backward needs; it runs again for that."""
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in "
            "PyTorch 2.9, calling checkpoint without use_reentrant will raise an exception. "
            "use_reentrant=False is recommended, but if you need to preserve the current default behavior, "
            "you can pass use_reentrant=True. Refer to docs for more details on the differences between "
            "the two variants.",
            stacklevel=2,
        )
    settings = [
        k for k in ("context_fn", "determinism_check", "debug", "early_stop") if k in kwargs
    ]
    for name in settings:
        del kwargs[name]
    if use_reentrant is not False:
        _check_reentrant(args, settings, kwargs)

    def run(*inputs: Any) -> Any:
        return function(*inputs, **kwargs)

    state = engine.get_rng_state() if preserve_rng_state else None
    if use_reentrant is False:
        again = _Again(lambda: run(*args), state)
        with saved_tensors_hooks(again.pack, again.unpack):
            return run(*args)
    return _function().apply(run, state, *args)


class _Enough(Exception):
    """Everything that was saved is there again."""


class _Again:
    """Saved tensors of one call, of which only the numbers are kept until one is asked for."""

    def __init__(self, run: Callable[[], Any], state: Any) -> None:
        self._run = run
        self._state = state
        self._count = 0
        self._found: dict[int, Tensor] = {}

    def pack(self, t: Tensor) -> int:
        """Return the number of a tensor that the first run saves."""
        self._count += 1
        return self._count - 1

    def unpack(self, number: int) -> Tensor:
        """Return the tensor that the run saves under a number, once per run."""
        if number not in self._found:
            self._compute()
        return self._found.pop(number)

    def _compute(self) -> None:
        saved: list[Tensor] = []

        def keep(t: Tensor) -> Tensor:
            saved.append(t.detach())
            if len(saved) == self._count:
                raise _Enough
            return t

        with engine.random.fork_rng(enabled=self._state is not None), engine.enable_grad():
            if self._state is not None:
                engine.set_rng_state(self._state)
            with saved_tensors_hooks(keep, lambda t: t), contextlib.suppress(_Enough):
                self._run()
        if len(saved) != self._count:
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original "
                "forward and recomputation.\nNumber of tensors saved during forward: "
                f"{self._count}\nNumber of tensors saved during recomputation: {len(saved)}."
            )
        self._found = dict(enumerate(saved))


class CheckpointError(RuntimeError):
    """The second run did not save what the first did."""

    __module__ = "torch.utils.checkpoint"


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Run a Sequential in segments, of which all but the last are checkpointed."""
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed "
            "explicitly. In version 2.9 we will raise an exception if use_reentrant is not passed. "
            "use_reentrant=False is recommended, but if you need to preserve the current default "
            "behavior, you can pass use_reentrant=True. Refer to docs for more details on the "
            "differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    layers: Sequence[Any] = list(functions)
    size = len(layers) // segments

    def part(start: int, end: int) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for layer in layers[start:end]:
                x = layer(x)
            return x

        return run

    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(part(start, end), input, use_reentrant=use_reentrant, **kwargs)
    return part(end, len(layers))(input)


_sign(globals(), "torch.utils.checkpoint")
