"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import engine
from engine.later import sign as _sign
from engine.nn.module import Module


@contextmanager
def _swapped(module: Module, values: dict[str, Any]) -> Iterator[None]:
    """Put other tensors in place of parameters and buffers inside the with block."""
    saved = []
    try:
        for path, value in values.items():
            owner, _, name = path.rpartition(".")
            part = module.get_submodule(owner)
            table = part._parameters if name in part._parameters else part._buffers
            if name not in table:
                raise AttributeError(f"{type(part).__name__} has no attribute `{name}`")
            saved.append((table, name, table[name]))
            table[name] = value
        yield
    finally:
        for table, name, value in reversed(saved):
            table[name] = value


def functional_call(
    module: Module, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: Any = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """Call a module with other parameters and buffers, by dotted name."""
    given = parameter_and_buffer_dicts
    if not isinstance(given, (Mapping, Sequence)):
        raise ValueError(  # noqa: TRY004 (as PyTorch)
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(given)}"
        )
    values: dict[str, Any] = {}
    for part in given if isinstance(given, Sequence) else (given,):
        values.update(part)
    if strict:
        known = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
        missing, unexpected = sorted(known - set(values)), sorted(set(values) - known)
        if missing or unexpected:
            lines = [f"Error(s) in reparametrizing for {type(module).__name__}:"]
            for kind, names in (("Unexpected", unexpected), ("Missing", missing)):
                if names:
                    lines.append(f"{kind} key(s): {', '.join(map(repr, names))}.")
            raise RuntimeError("\n\t".join(lines))
    if tie_weights:
        values = _tied(module, values)
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with _swapped(module, values):
        return module(*arguments, **(kwargs or {}))


def _tied(module: Module, values: dict[str, Any]) -> dict[str, Any]:
    """Extend replacements to all names under which the same tensor is known."""
    names: dict[int, list[str]] = {}
    for name, tensor in (
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ):
        names.setdefault(id(tensor), []).append(name)
    extended = dict(values)
    for same in names.values():
        chosen = [name for name in same if name in values]
        for name in same if chosen else ():
            extended.setdefault(name, values[chosen[0]])
    return extended


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return parameters and buffers of equal modules, stacked along a new first dimension."""
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    parameters = {
        name: engine.stack([dict(m.named_parameters())[name] for m in models])
        .detach()
        .requires_grad_(p.requires_grad)
        for name, p in models[0].named_parameters()
    }
    buffers = {
        name: engine.stack([dict(m.named_buffers())[name] for m in models])
        for name, _ in models[0].named_buffers()
    }
    return parameters, buffers


_sign(globals(), "torch.func")
