"""Modules as functions of their parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import engine
from engine.later import sign as _sign
from engine.nn.module import Module
from engine.nn.normalization import _BatchNorm

_ABSENT = object()


@contextmanager
def _swapped(module: Module, values: dict[str, Any]) -> Iterator[None]:
    """Put other tensors in place of parameters and buffers inside the with block."""
    saved = []
    try:
        for path, value in values.items():
            owner, _, name = path.rpartition(".")
            part = module.get_submodule(owner)
            table = next((t for t in (part._parameters, part._buffers) if name in t), part.__dict__)
            saved.append((table, name, table.get(name, _ABSENT)))
            table[name] = value
        yield
    finally:
        for table, name, value in reversed(saved):
            if value is _ABSENT:
                del table[name]
            else:
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
    values = _merged(given)
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


def _merged(given: Any) -> dict[str, Any]:
    """The replacements of one or several dicts, which may not share a name."""
    parts = given if isinstance(given, Sequence) else (given,)
    counts = Counter(name for part in parts for name in part)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(
            f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous"
        )
    return {name: value for part in parts for name, value in part.items()}


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
    if len({m.training for m in models}) > 1:
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if len({type(m) for m in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
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


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Let all batch norms in a module go without running statistics, which a map cannot write."""
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = None
            module.running_var = None
            module.num_batches_tracked = None
            module.track_running_stats = False
    return root


_sign(globals(), "torch.func")
