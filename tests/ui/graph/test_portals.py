"""Portals on the canvas: badges that say where an edge leads, light up with it and lead there."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.benchmarks import graphs
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes
from ui.graph.inks import Tint, tints_of
from ui.graph.layout import lay_out
from ui.graph.lens import Shade
from ui.graph.scene import Scene, Shape
from ui.graph.types import CanvasState, Kind, Layout, NodeId, Role
from ui.graph.walk import Way, step

STEPS = 12
WEIGHT = NodeId(Kind.LEAF, 0)  # W_x, which every step uses


class Sample:
    def __init__(self) -> None:
        self.graph = graphs.rnn(STEPS)
        self.layout: Layout = lay_out(self.graph, card_sizes(self.graph))
        self.scene = Scene.build(self.graph, self.layout)

    def badge(self, at: NodeId, role: Role = Role.DATA) -> int:
        """Return the node number of the badge beside a node."""
        badges = self.layout.badges
        here = (badges.nodes == self.scene.index[at]) & (badges.roles == role)
        return len(self.scene) + int(np.flatnonzero(here)[0])

    def users(self) -> list[NodeId]:
        return sorted(self.graph.successors(WEIGHT), key=self.scene.index.__getitem__)


@pytest.fixture
def sample(qapp: object) -> Sample:
    return Sample()


@pytest.fixture
def canvas(empty: GraphCanvas, sample: Sample) -> GraphCanvas:
    empty.resize(900, 700)
    empty.set_graph(sample.graph, sample.layout)
    return empty


def click(qtbot: QtBot, canvas: GraphCanvas, scene: Scene, badge: int) -> None:
    x, y = canvas.camera().to_pixel(*scene.box(badge).centre)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))


def test_a_badge_says_where_its_edge_leads_or_how_many_there_are(sample: Sample) -> None:
    user = sample.users()[3]
    back = next(node for node in sample.graph.successors(user) if node.kind == Kind.GRAD_FN)
    cards = sample.scene.cards
    assert cards[sample.badge(user)].title == "W_x"
    assert cards[sample.badge(user)].shape == Shape.PORTAL
    assert cards[sample.badge(back, Role.GRAD)].title == "W_x.grad"
    assert cards[sample.badge(back, Role.GRAD)].shape == Shape.GRAD_PORTAL
    assert cards[sample.badge(WEIGHT)].title == f"+ {STEPS - 1}"


def test_a_click_on_a_badge_follows_the_link(
    qtbot: QtBot, canvas: GraphCanvas, sample: Sample
) -> None:
    user = sample.users()[-1]
    canvas.center_on(user)
    with qtbot.waitSignal(canvas.node_selected) as signal:
        click(qtbot, canvas, sample.scene, sample.badge(user))
    assert signal.args == [WEIGHT]
    assert canvas.selected() == WEIGHT
    rect = canvas.node_rect(WEIGHT)
    assert rect is not None
    assert np.allclose(rect.centre, (450, 350), atol=2)


def test_a_badge_with_many_ends_leads_to_one_after_the_other(
    qtbot: QtBot, canvas: GraphCanvas, sample: Sample
) -> None:
    users, visited = sample.users(), []
    for _ in range(3):
        canvas.center_on(WEIGHT)
        click(qtbot, canvas, sample.scene, sample.badge(WEIGHT))
        visited.append(canvas.selected())
    assert visited == users[1:4]  # the first is drawn


def test_pointing_at_a_badge_lights_both_ends(sample: Sample) -> None:
    user = sample.users()[3]
    badge = sample.badge(user)
    near, edges = sample.scene.around([badge])
    assert {user, WEIGHT} == {sample.scene.ids[i] for i in near if i < len(sample.scene)}
    assert len(sample.scene.routes.lines_of(edges)) > 0


def test_a_badge_is_lit_with_its_edge_and_a_ghost_before(sample: Sample) -> None:
    scene, layout = sample.scene, sample.layout
    user = sample.users()[3]
    badge = sample.badge(user)
    n, m = len(scene), scene.n_edges
    shown = np.ones(n, np.bool_)
    shown[scene.index[user]] = False
    lit = np.zeros(m, np.bool_)
    state = CanvasState(shown, np.zeros(n, np.bool_), lit, -1, np.zeros(0, np.int32), {})
    assert tints_of(scene, state).nodes[badge] == Tint.GHOST
    shown[:] = True
    assert tints_of(scene, state).nodes[badge] == Tint.PLAIN
    start, end = layout.badges.edge_starts[badge - n : badge - n + 2]
    lit[layout.badges.edges[start:end]] = True
    tints = tints_of(scene, state)
    assert tints.nodes[badge] == tints.edges[m + badge - n] == Tint.LIT


def test_a_badge_has_no_colour_of_a_lens_and_none_that_seems_one(sample: Sample) -> None:
    scene = sample.scene
    n, m = len(scene), scene.n_edges
    shades = np.full(n, Shade.RAMP, np.uint8)
    state = CanvasState(
        np.ones(n, bool), np.ones(n, bool), np.ones(m, bool), -1, np.zeros(0, np.int32), {}, shades
    )
    assert set(tints_of(scene, state).shades[n:].tolist()) == {Shade.NONE}


def test_a_comet_takes_the_stubs_of_an_edge_that_is_not_drawn(sample: Sample) -> None:
    scene, layout = sample.scene, sample.layout
    portal = int(np.flatnonzero((np.diff(layout.starts) == 0) & (layout.roles == Role.GRAD))[0])
    lines = scene.drawn(np.array([portal]))
    assert len(lines) == 2
    assert all(len(scene.routes.path_of(line)) > 1 for line in lines.tolist())
    begins = {int(scene.ends[line, 0]) for line in lines.tolist()}
    assert int(layout.edge_ends[portal, 0]) in begins  # it leaves the node and reaches the other
    assert int(layout.edge_ends[portal, 1]) in {int(scene.ends[line, 1]) for line in lines.tolist()}


def test_walking_skips_badges_and_goes_through_portals(sample: Sample) -> None:
    scene = sample.scene
    for node in range(len(scene)):
        assert all(step(scene, node, way) < len(scene) for way in Way)
