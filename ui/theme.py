"""Theme tokens: the colours, sizes and fonts that style sheet and canvas both read."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import lru_cache

import resources

FAMILIES = (
    "pointwise", "activation", "matmul", "reduction", "shape", "loss", "normalization",
    "convolution", "indexing", "random", "creation", "inplace", "custom", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme; every colour is "#rrggbb" or "#aarrggbb". `families` maps FAMILIES to colours."""

    name: str
    dark: bool
    # surfaces
    window: str
    panel: str
    raised: str
    canvas: str
    canvas_grid: str
    border: str
    # text
    text: str
    text_dim: str
    text_faint: str
    # interaction
    accent: str
    accent_text: str
    selection: str
    hover: str
    focus: str
    error: str
    warning: str
    success: str
    # graph
    card: str
    card_border: str
    card_title: str
    card_detail: str
    leaf_fill: str  # requires grad
    leaf_border: str
    input_fill: str  # does not require grad
    input_border: str
    grad_fill: str
    grad_border: str
    grad_stripe: str
    grad_title: str
    edge: str
    grad_edge: str
    tie: str
    visited_fill: str
    visited_border: str
    visited_edge: str
    active: str  # the halo
    families: dict[str, str]
    ramp: list[str]  # from small to large numbers, evenly spaced
    classes: list[str]  # of element types, see `ui.graph.lens.CLASSES`
    # code
    code: dict[str, str]  # pygments-like names: keyword, string, comment, number, function ...
    ansi: list[str]  # the 16 terminal colours of tracebacks


@lru_cache
def load(name: str) -> Theme:
    """Return the theme of `resources/themes/NAME.json` ("dark" or "light")."""
    data = json.loads(resources.path("themes", f"{name}.json").read_text("utf-8"))
    missing = {f.name for f in fields(Theme)} - data.keys()
    if missing:
        raise ValueError(f"theme {name!r} lacks {', '.join(sorted(missing))}")
    return Theme(**{f.name: data[f.name] for f in fields(Theme)})


#: Spacing in device-independent pixels, and type sizes in points.
SPACE = {"xs": 2, "s": 4, "m": 8, "l": 12, "xl": 16, "xxl": 24}
RADIUS = 6
UI_FONT, MONO_FONT = "Inter", "JetBrains Mono"
SIZES = {"small": 9, "body": 10, "title": 11, "heading": 14}
