"""Cards are as large as their words and no larger than they may be."""

from __future__ import annotations

import networkx as nx
import pytest
from PySide6.QtGui import QFontMetricsF
from pytestqt.qtbot import QtBot

from tests.ui.graph.samples import accumulate, grad_fn, leaf, mlp, op
from ui.graph.cards import SHORT, TALL, WIDEST, card_sizes
from ui.graph.scene import Shape, card_of
from ui.graph.words import (
    DETAIL,
    LEAST_TITLE,
    READABLE_DETAIL,
    TITLE,
    WORDS_FROM,
    detail_font,
    least_detail,
    short_detail,
    short_leaf,
    short_title,
    sizes_at,
    title_font,
)

pytestmark = pytest.mark.usefixtures("qapp")


def test_every_node_gets_a_size() -> None:
    graph = mlp(3)
    sizes = card_sizes(graph)
    assert list(sizes) == list(graph.nodes)
    assert all(width > height > 0 for width, height in sizes.values())


def test_words_fit_inside_their_card(qtbot: QtBot) -> None:
    graph = mlp(4)
    title, detail = QFontMetricsF(title_font()), QFontMetricsF(detail_font())
    for node, (width, _) in card_sizes(graph).items():
        words = graph.nodes[node]
        assert width > title.horizontalAdvance(words["title"]) + 20
        assert width > detail.horizontalAdvance(words["detail"]) + 20


def test_a_card_without_detail_is_lower() -> None:
    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    graph.add_node(op(0), kind=op(0).kind, title="relu", detail="")
    graph.add_node(op(1), kind=op(1).kind, title="relu", detail="float32[2]")
    sizes = card_sizes(graph)
    assert sizes[op(0)][1] == SHORT
    assert sizes[op(1)][1] == TALL


def test_a_very_long_name_is_capped() -> None:
    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    graph.add_node(leaf(0), kind=leaf(0).kind, title="transformer.layers." * 9, detail="")
    assert card_sizes(graph)[leaf(0)][0] == WIDEST


def test_shapes_follow_kind_and_requires_grad() -> None:
    def shape(node: object, **attributes: object) -> Shape:
        return card_of(node, attributes).shape  # type: ignore[arg-type]

    assert shape(leaf(0), requires_grad=True) == Shape.LEAF
    assert shape(leaf(0), requires_grad=False) == Shape.INPUT
    assert shape(op(0), requires_grad=True) == Shape.OP
    assert shape(grad_fn(0)) == Shape.GRAD_FN
    assert shape(accumulate(0)) == Shape.ACCUMULATE


def test_an_unknown_family_is_drawn_as_other() -> None:
    known = card_of(op(0), {"family": "other"})
    assert card_of(op(0), {"family": "quantum"}).family == known.family
    assert card_of(op(0), {"family": None}).family == known.family


@pytest.mark.parametrize("scale", [2.0, 1.0, 0.8, 0.7, 0.6, 0.5, 0.42, WORDS_FROM])
@pytest.mark.parametrize("height", [TALL, SHORT])
def test_words_stay_readable_and_inside_at_every_scale(scale: float, height: float) -> None:
    title, least, detail = sizes_at(scale, height, height == TALL)
    assert TITLE <= least <= title
    letters = 0.727 * (title + detail) + 0.3 * detail  # capitals, and a gap between two lines
    assert letters + 2 / scale <= height
    if detail:
        assert detail * scale >= READABLE_DETAIL - 0.01
    if height == TALL:
        assert least * scale >= LEAST_TITLE - 0.01


def test_at_their_own_size_words_are_as_measured() -> None:
    assert sizes_at(1.0, TALL, True) == (TITLE, TITLE, DETAIL)


@pytest.mark.parametrize(
    ("name", "short"),
    [("fc1.weight", "weight"), ("layers.3.bias", "bias"), ("x", "x"), ("0.5", "0.5")],
)
def test_a_leaf_without_room_says_the_last_part_of_its_name(name: str, short: str) -> None:
    assert short_leaf(name) == short


@pytest.mark.parametrize(
    ("title", "short"),
    [("MulBackward0", "Mul"), ("AccumulateGrad", "AccGrad"), ("Backward", "Backward"),
     ("relu", "relu"), ("layers.0 · Block", "layers.0")],
)  # fmt: skip
def test_a_short_title_keeps_what_tells_nodes_apart(title: str, short: str) -> None:
    assert short_title(title) == short


@pytest.mark.parametrize(
    ("detail", "short"),
    [("float32[4, 2]", "[4, 2]"), ("float32 -0.75", "-0.75"), ("bool[3]", "[3]"), ("int64 3", "3"),
     ("saved: self", "saved: self"), ("fc1.weight.grad", "fc1.weight.grad"),
     ("float32", "float32")],
)  # fmt: skip
def test_a_short_detail_keeps_shape_and_value(detail: str, short: str) -> None:
    assert short_detail(detail) == short


@pytest.mark.parametrize(
    ("detail", "least"),
    [
        ("0.5 → 0.75", "→ 0.75"),
        ("∂ 0.5 → 0.75", "∂ → 0.75"),
        ("[4, 2] Δ 0.3", "Δ 0.3"),
        ("0.5 ≠ 0.75", "≠ 0.75"),
        ("float32[4, 2]", "[4, 2]"),
        ("saved: self", "saved: self"),
    ],
)
def test_the_least_detail_of_a_difference_is_what_is_new(detail: str, least: str) -> None:
    assert least_detail(detail) == least
