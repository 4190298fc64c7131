"""Pieces of programs that are often written: ordinary code over the tensors that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.world import Named, World

_HIDDEN, _EXAMPLES = 16, 32  # units of a hidden layer, examples of made-up data


class Template(NamedTuple):
    """A piece of code. `code` makes it of what is defined and of the chosen tensors."""

    text: str
    tip: str
    code: Callable[[World, Sequence[Named]], str]


def _linear(world: World, chosen: Sequence[Named]) -> str:
    lines, x, features = _input(world, chosen)
    layer, out = world.unused("layer"), world.unused("out")
    lines += [f"{layer} = nn.Linear({features}, {_HIDDEN})", f"{out} = {layer}({x})"]
    return _imported(world, lines)


def _mlp(world: World, chosen: Sequence[Named]) -> str:
    lines, x, features = _input(world, chosen)
    model, out = world.unused("model"), world.unused("prediction")
    lines += [
        f"{model} = nn.Sequential(",
        f"    nn.Linear({features}, {_HIDDEN}),",
        "    nn.ReLU(),",
        f"    nn.Linear({_HIDDEN}, 1),",
        ")",
        f"{out} = {model}({x})",
    ]
    return _imported(world, lines)


def _loss(world: World, chosen: Sequence[Named]) -> str:
    lines: list[str] = []
    if chosen:
        prediction = chosen[0].name
    else:
        prediction = world.unused("prediction")
        lines.append(f"{prediction} = torch.zeros({_EXAMPLES}, 1, requires_grad=True)")
    if len(chosen) > 1:
        target = chosen[1].name
    else:
        target = world.unused("target")
        lines.append(f"{target} = torch.zeros_like({prediction})")
    lines.append(f"{world.unused('loss')} = nn.functional.mse_loss({prediction}, {target})")
    return _imported(world, lines)


def _step(world: World, chosen: Sequence[Named]) -> str:
    lines: list[str] = []
    if world.models:
        model = world.models[-1]
    else:
        model = world.unused("model")
        _, _, features = _input(world, chosen[:1])
        lines.append(f"{model} = nn.Linear({features}, 1)")
    made, x, _ = _input(world, chosen[:1])
    lines = [*made, *lines]
    loss, optimizer = world.unused("loss"), world.unused("optimizer")
    if len(chosen) > 1:
        target = chosen[1].name
    else:
        target = world.unused("target")
        lines.append(f"{target} = torch.zeros_like({model}({x})).detach()")
    lines += [
        f"{optimizer} = torch.optim.SGD({model}.parameters(), lr=0.1)",
        "for step in range(10):",
        f"    {optimizer}.zero_grad()",
        f"    {loss} = nn.functional.mse_loss({model}({x}), {target})",
        f"    {loss}.backward()",
        f"    {optimizer}.step()",
    ]
    return _imported(world, lines)


TEMPLATES: dict[str, Template] = {
    "linear": Template("Linear Layer", "nn.Linear over the selected tensor", _linear),
    "mlp": Template("MLP", "Two linear layers with a ReLU between", _mlp),
    "loss": Template("Loss", "The mean squared error of the selected tensors", _loss),
    "step": Template("Training Step", "zero_grad, loss, backward and step, ten times over", _step),
}


def _input(world: World, chosen: Sequence[Named]) -> tuple[list[str], str, int]:
    """What makes the input if it is not there, what it is called, and its last dimension."""
    if chosen and chosen[0].shape:
        return [], chosen[0].name, chosen[0].shape[-1]
    x, features = world.unused("x"), 4
    return [f"{x} = torch.randn({_EXAMPLES}, {features})"], x, features


def _imported(world: World, lines: Sequence[str]) -> str:
    """Put the imports that are missing before the lines."""
    code = "\n".join(lines)
    missing = [] if "torch" in world.defined or "torch." not in code else ["import torch"]
    missing += [] if "nn" in world.defined else ["from torch import nn"]
    return "\n".join([*missing, *([""] if missing else []), code])
