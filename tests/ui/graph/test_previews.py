"""What cards show of arrays: forms, health, and which array it is at a playhead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from engine.tape.replay import state_at
from engine.tape.schema import Event
from engine.tape.statistics import statistics
from engine.tape.tape import Tape
from ui import theme
from ui.graph.camera import View
from ui.graph.inks import Inks, Tint
from ui.graph.model import build_graph, list_graphs
from ui.graph.previews import (
    BARS,
    CELLS,
    Form,
    Health,
    health_of,
    preview_of,
    preview_of_statistics,
    short_number,
)
from ui.graph.scene import Shape
from ui.graph.sources import array_of, load, sources_at
from ui.graph.thumbs import SIDE, Thumbs
from ui.graph.types import Kind, NodeId

FACES = [
    (np.zeros((0, 3)), None),
    (np.float32(0.5), Form.NUMBER),
    (np.array([[2]]), Form.NUMBER),
    (np.array([1.0, -2.0]), Form.BARS),
    (np.ones((7, 1)), Form.BARS),
    (np.arange(100.0), Form.HISTOGRAM),
    (np.ones((3, 2), bool), Form.CELLS),
    (np.ones((5, 4, 3, 2)), Form.CELLS),
    (np.broadcast_to(np.float32(2.0), (10_000, 10_000)), Form.CELLS),
    (np.ones((2, 2), np.complex64), Form.CELLS),
]


@pytest.mark.parametrize(("array", "form"), FACES)
def test_every_array_has_a_form(array: np.ndarray, form: Form | None) -> None:
    found = preview_of(np.asarray(array))
    assert (found and found.form) == form
    if found is not None and form != Form.NUMBER:
        assert found.marks.size and np.nanmax(np.abs(found.marks)) <= 1.0
        assert max(found.marks.shape) <= max(CELLS, BARS)


def test_one_odd_element_of_a_large_matrix_stays_visible() -> None:
    large = np.zeros((900, 700))
    large[431, 333] = -4.0
    found = preview_of(large)
    assert found is not None and found.marks.min() == -1.0 and (found.marks == 0.0).sum() > 100


@pytest.mark.parametrize(
    ("array", "health"),
    [
        ([1.0, np.nan, np.inf], Health.NAN),
        ([1.0, -np.inf], Health.INF),
        ([np.inf, -np.inf], Health.INF),
        ([0.0, -0.0], Health.ZERO),
        ([0, 0], Health.ZERO),
        ([False, False], Health.FINE),
        ([3e38, 3e38], Health.FINE),
        ([1e308, 1e308], Health.FINE),
        ([complex(0, np.nan)], Health.NAN),
    ],
)
def test_the_worst_element_is_the_health(array: list, health: Health) -> None:
    some = np.array(array)
    assert health_of(some) == health
    assert health_of(np.float32(some) if some.max() == 3e38 else some) == health
    if some.dtype.kind == "f":
        assert preview_of_statistics(statistics(some)).health == health


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (-0.0719, "-.072"),
        (-0.719, "-.719"),
        (-7e-12, "-7e-12"),
        (0.5, ".5"),
        (12.0, "12.0"),
        (1.23456e-7, "1.2e-7"),
        (np.nan, "nan"),
    ],
)
def test_a_number_is_said_in_few_letters(x: float, text: str) -> None:
    assert short_number(np.float64(x)) == text and len(text) <= 7


PROGRAM = """\
w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
y = (w * w).sum()
y.backward()
y = (w * 3).sum()
y.backward()
w.grad = None
"""


class At:
    """What the nodes of a recording's first graph show at its playheads."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.graph = build_graph(tape, list_graphs(tape)[0])
        self.steps = (np.flatnonzero(tape.events["kind"] == Event.STEP) + 1).tolist()

    def node(self, title: str, kind: Kind) -> NodeId:
        nodes = self.graph.nodes(data=True)
        (found,) = (n for n, d in nodes if d["title"] == title and n.kind == kind)
        return found

    def shown(self, title: str, kind: Kind, playhead: int) -> list | None:
        node = self.node(title, kind)
        source = sources_at(self.tape, [node], state_at(self.tape, playhead)).get(node)
        array = None if source is None else array_of(self.tape, source)
        return None if array is None else array.tolist()


def test_backward_cards_show_what_came_in_once_it_came(record: Callable[..., Tape]) -> None:
    at = At(record(PROGRAM))
    begin, last = int(at.tape.passes["event"][0]), at.steps[2]
    assert at.shown("MulBackward0", Kind.GRAD_FN, begin + 1) is None
    assert at.shown("SumBackward0", Kind.GRAD_FN, at.steps[0]) == 1.0
    assert at.shown("MulBackward0", Kind.GRAD_FN, at.steps[0]) is None
    assert at.shown("MulBackward0", Kind.GRAD_FN, last) == [[1.0, 1.0], [1.0, 1.0]]
    assert at.shown("AccumulateGrad", Kind.ACCUMULATE, last - 1) is None
    assert at.shown("AccumulateGrad", Kind.ACCUMULATE, last) == [[2.0, 4.0], [6.0, 8.0]]


def test_accumulating_changes_what_a_leafs_card_shows_and_clearing_empties_it(
    record: Callable[..., Tape],
) -> None:
    at = At(record(PROGRAM))
    second = at.steps[-1]
    assert at.shown("AccumulateGrad", Kind.ACCUMULATE, second) == [[5.0, 7.0], [9.0, 11.0]]
    assert at.shown("AccumulateGrad", Kind.ACCUMULATE, len(at.tape.events)) is None
    assert at.shown("SumBackward0", Kind.GRAD_FN, second) is None  # of the pass before


def test_forward_cards_show_their_value_from_when_it_exists(record: Callable[..., Tape]) -> None:
    at = At(record(PROGRAM))
    begin = int(at.graph.nodes[at.node("mul", Kind.OP)]["event"])
    assert at.shown("mul", Kind.OP, begin) is None
    assert at.shown("mul", Kind.OP, begin + 1) == [[1.0, 4.0], [9.0, 16.0]]
    assert at.shown("w", Kind.LEAF, begin) == [[1.0, 2.0], [3.0, 4.0]]
    node = at.node("mul", Kind.OP)
    source = sources_at(at.tape, [node], state_at(at.tape, begin + 1))[node]
    found = load(at.tape, source)
    assert found is not None and found.form == Form.CELLS


def drawn(array: np.ndarray, name: str, scale: float, ratio: float) -> tuple[np.ndarray, Thumbs]:
    """Return the colours of a preview's picture, each once, and who drew it."""
    unit = scale * ratio
    side = round(SIDE * unit)
    image = QImage(side, side, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.load(name).card))
    thumbs, inks = Thumbs(theme.load(name)), Inks(theme.load(name))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(unit, unit)
    ink = inks.card(Shape.OP, 0, Tint.PLAIN)
    view = View(scale, 0.0, 0.0, ratio)
    thumbs.draw(painter, preview_of(array), QRectF(0, 0, SIDE, SIDE), ink, view)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint32).copy() & 0xFFFFFF, thumbs


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("scale", [0.6, 0.77, 1.0, 1.3, 2.9])
def test_the_cells_of_a_heat_map_are_sharp(qapp: object, scale: float, ratio: float) -> None:
    colours, _ = drawn(np.array([[1.0, -1.0], [-1.0, 1.0]]), "dark", scale, ratio)
    dark = theme.load("dark")
    expected = {QColor(c).rgb() & 0xFFFFFF for c in (dark.accent, dark.families["matmul"])}
    assert set(colours.tolist()) == expected


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize(
    ("worst", "health"), [(np.nan, Health.NAN), (np.inf, Health.INF), (0.0, Health.ZERO)]
)
def test_a_pill_marks_what_is_not_healthy(
    qapp: object, name: str, worst: float, health: Health
) -> None:
    array = np.zeros((4, 4)) if health == Health.ZERO else np.ones((4, 4))
    array[0, 0] = worst
    colours, thumbs = drawn(array, name, 1.5, 1.0)
    assert (colours == thumbs.colour_of(health).rgb() & 0xFFFFFF).mean() > 0.1
    fine, _ = drawn(np.ones((4, 4)), name, 1.5, 1.0)
    assert not (fine == thumbs.colour_of(health).rgb() & 0xFFFFFF).any()
