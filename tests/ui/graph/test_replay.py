"""A step of the replay at moments in between: comets on their way, halo, trail, gains of a leaf."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from tests.ui.graph.samples import backward_order
from tests.ui.graph.test_paint import SIZE, Pixels, Sample, pixels, rgb
from ui import theme
from ui.graph.camera import View
from ui.graph.canvas import GraphCanvas
from ui.graph.inks import Tint
from ui.graph.lens import Shade
from ui.graph.paint import edge_look, outline
from ui.graph.stage import TRAVEL, Stage
from ui.graph.types import CanvasState, Kind, Role
from ui.graph.words import WORDS_FROM

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(params=["dark", "light"])
def sample(request: pytest.FixtureRequest) -> Sample:
    return Sample(request.param)


class Step:
    """The stage in the middle of a step, seen near the active node."""

    def __init__(self, sample: Sample, state: CanvasState) -> None:
        self.stage = Stage(sample.theme)
        self.stage.show(sample.scene)
        self.stage.set_state(state)
        self.scene, self.state = sample.scene, state
        self.view: View = sample.at(sample.layout.ids[state.active], 1.0)
        self.stage.finish(self.view, SIZE)

    def at(self, t: float) -> Pixels:
        """Return what is seen at t in 0..1 of the step's time."""
        self.stage.stand(t)
        image = QImage(*SIZE, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.stage.paint(painter, self.view, SIZE, moving=False)
        self.stage.paint_active(painter, self.view)
        self.stage.paint_step(painter, self.view, SIZE)
        painter.end()
        return pixels(image)

    def along(self, edge: int, share: float) -> tuple[int, int]:
        """Return the pixel at a share of a route's length."""
        path = self.scene.routes.path_of(edge) * self.view.scale + (self.view.dx, self.view.dy)
        ruler = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        x, y = (np.interp(share * ruler[-1], ruler, path[:, axis]) for axis in (0, 1))
        return round(float(x)), round(float(y))


def sending(sample: Sample) -> CanvasState:
    """Return the state of a step of which all routes are in view."""
    for steps in range(2, len(backward_order(sample.graph))):
        state = sample.state(steps)
        node = sample.layout.ids[state.active]
        if node.kind == Kind.GRAD_FN and len(state.pulses) == 1:
            return state
    raise AssertionError("no step sends one cotangent")


def distance(one: np.ndarray, other: list[int]) -> float:
    return float(np.abs(one.astype(int) - other).max())


def whereabouts(t: float) -> float:
    """Return where the head of a comet is at t, as a share of its route."""
    share = min(t / TRAVEL, 1.0)
    return share * share * (3.0 - 2.0 * share)


@pytest.mark.parametrize("t", [0.25, 0.4, 0.55])
def test_the_head_is_where_the_clock_says_and_the_route_ahead_is_not_crossed_yet(
    sample: Sample, t: float
) -> None:
    step = Step(sample, sending(sample))
    edge = int(step.state.pulses[0])
    frame, head = step.at(t), whereabouts(t)
    inks = step.stage.inks
    x, y = step.along(edge, head)
    near = frame[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3)
    bright = inks.text if inks.theme.dark else inks.active
    assert min(distance(pixel, rgb(bright)) for pixel in near) < 110
    x, y = step.along(edge, min(head + 0.5, 0.97)) if head < 0.45 else (-1, -1)
    if x >= 0:
        patch = frame[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3)
        crossed = rgb(edge_look(step.stage.picture, edge)[0])
        assert min(distance(pixel, crossed) for pixel in patch) > 40


def test_behind_the_head_the_route_is_crossed_and_at_the_end_all_of_it(sample: Sample) -> None:
    step = Step(sample, sending(sample))
    edge = int(step.state.pulses[0])
    crossed = rgb(step.stage.inks.edge(Role.GRAD, Tint.LIT))
    for t, share in ((0.6, 0.15), (1.0, 0.15), (1.0, 0.8)):
        x, y = step.along(edge, share)
        patch = step.at(t)[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3)
        assert min(distance(pixel, crossed) for pixel in patch) < 40


def test_frames_change_all_the_way_and_end_in_the_still_picture(sample: Sample) -> None:
    step = Step(sample, sending(sample))
    frames = [step.at(t) for t in (0.1, 0.3, 0.5, 0.7, 1.0)]
    assert all((a != b).any() for a, b in pairwise(frames))
    still = Step(sample, replace(step.state, pulses=np.zeros(0, np.int32)))
    assert (frames[-1] == still.at(1.0)).all()


def test_in_the_view_of_gradients_the_comet_leaves_the_colour_of_its_flow(sample: Sample) -> None:
    state = sending(sample)
    flow = Shade.RAMP + Shade.STEPS - 2
    flows = np.where(state.edge_lit, flow, 0).astype(np.uint8)
    step = Step(sample, replace(state, flows=flows))
    x, y = step.along(int(state.pulses[0]), 0.2)
    colour = rgb(step.stage.inks.shade(flow))
    patch = step.at(0.65)[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3)
    assert min(distance(pixel, colour) for pixel in patch) < 12


def test_the_active_node_has_a_halo_that_breathes_and_fades_outward(sample: Sample) -> None:
    step = Step(sample, sending(sample))
    area, _ = outline(step.scene, step.state.active, step.view, 0.0)
    x, y = round(area.left()), round(area.center().y())
    canvas, active = rgb(sample.theme.canvas), rgb(QColor(sample.theme.active))
    glow = [distance(step.at(1.0)[y, x - gap], canvas) for gap in (2, 5, 9)]
    assert glow[0] > glow[1] > glow[2] > 0 and distance(step.at(1.0)[y, x + 1], active) < 60
    assert distance(step.at(0.5)[y, x - 9], canvas) > glow[2]


@pytest.mark.parametrize(("scale", "glows"), [(WORDS_FROM * 0.9, True), (WORDS_FROM * 1.05, False)])
def test_the_active_node_itself_glows_only_where_it_has_no_words(
    sample: Sample, scale: float, glows: bool
) -> None:
    step = Step(sample, sending(sample))
    step.view = sample.at(sample.layout.ids[step.state.active], scale)
    step.stage.finish(step.view, SIZE)
    area, _ = outline(step.scene, step.state.active, step.view, -2.0)
    left, top, right, bottom = (round(v) for v in area.getCoords())
    inside = step.at(1.0)[top:bottom, left:right].astype(int)
    alike = np.abs(inside - rgb(QColor(sample.theme.active))).max(axis=-1) < 8
    assert (alike.mean() > 0.9) == glows


def test_visited_nodes_keep_their_trail_while_a_later_step_runs(sample: Sample) -> None:
    state = sending(sample)
    step = Step(sample, state)
    before = [i for i in np.flatnonzero(state.visited).tolist() if i != state.active]
    lit = rgb(sample.theme.visited_fill)
    inside = []
    for node in before:
        x, y = (round(v) for v in step.view.to_pixel(*step.scene.box(node)[:2]))
        if 0 < x < SIZE[0] - 20 and 0 < y < SIZE[1] - 20:
            inside.append(distance(step.at(0.4)[y + 6, x + 12], lit))
    assert inside and max(inside) < 12


def gaining(sample: Sample) -> tuple[CanvasState, int]:
    """Return a state in which an AccumulateGrad adds to its leaf, and the leaf's place."""
    order = backward_order(sample.graph)
    steps = next(k for k, node in enumerate(order, 1) if node.kind == Kind.ACCUMULATE)
    node = order[steps - 1]
    leaf = sample.layout.ids.index(sample.graph.nodes[node]["twin"])
    active = sample.layout.ids.index(node)
    return replace(sample.state(steps), badges={active: "+ 0.31", leaf: "grad 0.62"}), leaf


def test_a_gain_sends_a_ring_out_from_its_leaf_and_rises_beside_it(sample: Sample) -> None:
    state, leaf = gaining(sample)
    step = Step(sample, state)
    step.view = sample.at(sample.layout.ids[leaf], 1.0)
    step.stage.finish(step.view, SIZE)
    area, _ = outline(step.scene, leaf, step.view, 0.0)
    below = frame_line(step.at(0.62), area)
    reach = [ring_reach(step.at(t), below, area) for t in (0.72, 0.82, 0.9)]
    assert reach[0] < reach[1] < reach[2]
    badge = rgb(sample.theme.visited_fill)
    early, late = ((step.at(t) == badge).all(axis=-1).sum() for t in (0.5, 1.0))
    assert late > early + 100


def frame_line(frame: Pixels, area: QRectF) -> Pixels:
    """Return the pixels straight below the middle of a card."""
    x, bottom = round(area.center().x()), round(area.bottom())
    return frame[bottom + 2 : bottom + 26, x]


def ring_reach(frame: Pixels, still: Pixels, area: QRectF) -> int:
    """Return how far below a card a ring shows."""
    changed = np.abs(frame_line(frame, area) - still).max(axis=-1) > 6
    return int(np.flatnonzero(changed).max(initial=0))


def test_reduced_motion_shows_the_end_at_once(qtbot: QtBot, sample: Sample) -> None:
    canvas = GraphCanvas(theme.load("dark"))
    qtbot.addWidget(canvas)
    canvas.resize(*SIZE)
    canvas.show()
    qtbot.waitExposed(canvas)
    canvas.set_graph(sample.graph, sample.layout)
    canvas.set_state(sending(sample))
    canvas.finish_painting()
    still = canvas.grab().toImage()
    canvas.set_reduced_motion(True)
    canvas.animate_step(10_000)
    assert not canvas.is_animating() and canvas.grab().toImage() == still
    canvas.set_reduced_motion(False)
    canvas.animate_step(10_000)
    assert canvas.is_animating()
    canvas.finish_painting()
    assert canvas.grab().toImage() == still
