"""A canvas that is shown, without motion: empty, or with a ladder of five operations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.graph.samples import ladder, place
from ui import theme
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes


@pytest.fixture
def empty(qtbot: QtBot) -> Iterator[GraphCanvas]:
    canvas = GraphCanvas(theme.load("dark"))
    qtbot.addWidget(canvas)
    canvas.set_reduced_motion(True)
    canvas.resize(800, 600)
    canvas.show()
    qtbot.waitExposed(canvas)
    yield canvas
    canvas.hide()


@pytest.fixture
def canvas(empty: GraphCanvas) -> GraphCanvas:
    graph = ladder(5)
    empty.set_graph(graph, place(graph, card_sizes(graph)))
    return empty
