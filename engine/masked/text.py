"""How a masked tensor is written: its elements in nested lists, -- where one is masked out."""

from __future__ import annotations

from typing import Any


def _element(value: Any, floating: bool) -> str:
    return f"{value:8.4f}" if floating else str(value)


def _lines(values: Any, mask: Any, floating: bool, depth: int) -> str:
    indent = "  " * depth
    if not isinstance(mask[0], list):
        shown = (
            _element(v, floating) if m else f"{'--':>8}" for v, m in zip(values, mask, strict=True)
        )
        return f"{indent}[{', '.join(shown)}]"
    rows = (_lines(v, m, floating, depth + 1) for v, m in zip(values, mask, strict=True))
    return f"{indent}[\n" + ",\n".join(rows) + f"\n{indent}]"


def written(data: Any, mask: Any) -> str:
    """The text of plain data under a plain mask of the same shape."""
    if not data.numel():
        raise ValueError("max() arg is an empty sequence")
    floating = data.is_floating_point()
    if not data.dim():
        seen = bool(mask)
        return f"MaskedTensor({_element(data.item(), floating) if seen else '--'}, {seen})"
    return f"MaskedTensor(\n{_lines(data.tolist(), mask.tolist(), floating, 1)}\n)"
