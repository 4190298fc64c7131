"""A large graph that folds is seen on its way, from pictures that are there before it begins."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from tests.ui.graph.test_groups import net_tape, whole
from tests.ui.graph.test_paint import Pixels, pixels
from ui import theme
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes
from ui.graph.folding import fold
from ui.graph.groups import By, group_by
from ui.graph.layout import lay_out
from ui.graph.morph import MOST
from ui.graph.types import Layout, NodeId

Drawn = tuple[nx.MultiDiGraph, Layout]


@pytest.fixture(scope="module")
def unfolded_and_folded(qapp: object) -> tuple[Drawn, Drawn]:
    tape = net_tape(40)
    graph = whole(tape)
    groups = group_by(tape, graph, By.MODULE)
    some = frozenset(sorted(groups.deeper(1))[:8])
    parts = [fold(graph, groups, which) for which in (frozenset[NodeId](), some)]
    open_, folded = ((p.graph, lay_out(p.graph, card_sizes(p.graph), nest=p.nest)) for p in parts)
    assert len(folded[1].ids) > MOST
    return open_, folded


@pytest.fixture
def canvas(qtbot: QtBot, unfolded_and_folded: tuple[Drawn, Drawn]) -> GraphCanvas:
    canvas = GraphCanvas(theme.load("dark"))
    qtbot.addWidget(canvas)
    canvas.resize(700, 500)
    canvas.show()
    canvas.set_graph(*unfolded_and_folded[0])
    canvas.finish_painting()
    return canvas


def shown(canvas: GraphCanvas) -> Pixels:
    return pixels(canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32))


def test_it_is_between_both_pictures_on_the_way_and_arrives_at_the_new_one(
    canvas: GraphCanvas, qtbot: QtBot, unfolded_and_folded: tuple[Drawn, Drawn]
) -> None:
    before = shown(canvas)
    canvas.set_graph(*unfolded_and_folded[1], keep_view=True)
    assert canvas.is_animating()
    frames: list[Pixels] = []

    def arrived() -> bool:
        frames.append(shown(canvas))
        return not canvas.is_animating()

    qtbot.waitUntil(arrived, timeout=10_000)
    canvas.finish_painting()
    after = shown(canvas)
    between = [f for f in frames if (f != before).any() and (f != after).any()]
    assert between
    canvas.set_graph(*unfolded_and_folded[1])
    canvas.finish_painting()
    assert np.array_equal(shown(canvas), after)


def test_with_reduced_motion_it_jumps(
    canvas: GraphCanvas, unfolded_and_folded: tuple[Drawn, Drawn]
) -> None:
    canvas.set_reduced_motion(True)
    canvas.set_graph(*unfolded_and_folded[1], keep_view=True)
    assert not canvas.is_animating()


def test_pictures_that_are_asked_for_on_the_way_are_of_its_end(
    canvas: GraphCanvas, unfolded_and_folded: tuple[Drawn, Drawn]
) -> None:
    canvas.set_graph(*unfolded_and_folded[1], keep_view=True)
    canvas.finish_painting()
    assert not canvas.is_animating()
    now = shown(canvas)
    canvas.set_graph(*unfolded_and_folded[1])
    canvas.finish_painting()
    assert np.array_equal(shown(canvas), now)


def test_what_changes_again_before_it_was_seen_is_shown_at_once(
    canvas: GraphCanvas, unfolded_and_folded: tuple[Drawn, Drawn]
) -> None:
    before = shown(canvas)
    open_, folded = unfolded_and_folded
    canvas.set_graph(*folded, keep_view=True)
    canvas.set_graph(*open_, keep_view=True)
    assert not canvas.is_animating()
    canvas.finish_painting()
    assert np.array_equal(shown(canvas), before)
