"""Scene, routes, camera and walk: the canvas's arithmetic, without painting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.graph.samples import grad_fn, ladder, leaf, op, place
from ui.graph.camera import MAX_SCALE, MIN_SCALE, Rect, View, between, fitted
from ui.graph.routes import ARROW, DASH, flatten
from ui.graph.scene import Scene, spans
from ui.graph.types import Role
from ui.graph.walk import Way, nearest, step


@pytest.fixture
def scene() -> Scene:
    graph = ladder(4)
    return Scene.build(graph, place(graph, dict.fromkeys(graph, (120.0, 46.0))))


def _bezier(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, np.float32)


def test_spans_lists_ranges_in_a_row() -> None:
    first, last = np.array([4, 9, 2]), np.array([6, 9, 5])
    assert spans(first, last).tolist() == [4, 5, 2, 3, 4]


def test_a_straight_route_is_one_line_that_ends_inside_its_arrow_head() -> None:
    points = _bezier((0, 0), (0, 10), (0, 20), (0, 30))
    routes = flatten(points, np.array([0, 4]), np.array([Role.DATA], np.uint8))
    assert routes.path_of(0).tolist() == [[0, 0], [0, 30]]
    (line,) = routes.lines_of(np.array([0])).tolist()
    assert line[:3] == [0, 0, 0]
    assert 30 - ARROW < line[3] < 30
    assert routes.directions[0].tolist() == [0, 1]


def test_a_curve_is_flattened_within_half_a_pixel() -> None:
    corners = _bezier((0, 0), (0, 60), (200, 60), (200, 120))
    routes = flatten(corners, np.array([0, 4]), np.array([Role.DATA], np.uint8))
    t = np.linspace(0, 1, 400)[:, None]
    a, b, c, d = corners.astype(float)
    exact = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    path = routes.path_of(0)
    assert np.array_equal(path[[0, -1]], corners[[0, 3]])
    begin, way = path[:-1], np.diff(path, axis=0)
    along = ((exact[:, None] - begin) * way).sum(-1) / (way**2).sum(-1)
    foot = begin + np.clip(along, 0, 1)[..., None] * way
    assert np.hypot(*np.moveaxis(exact[:, None] - foot, -1, 0)).min(axis=1).max() < 0.5


def test_ties_are_dashes_on_their_curve_and_leave_their_neighbours_alone() -> None:
    points = np.concatenate([_bezier((0, y), (10, y), (20, y), (31, y)) for y in (0.0, 50.0, 90.0)])
    roles = np.array([Role.TIE, Role.DATA, Role.TIE], np.uint8)
    routes = flatten(points, np.array([0, 4, 8, 12]), roles)
    for edge, y in ((0, 0.0), (2, 90.0)):
        dashes = routes.lines_of(np.array([edge]))
        assert len(dashes) == 6
        assert (dashes[:, [1, 3]] == y).all()
        assert np.allclose((dashes[:, 2] - dashes[:, 0])[:-1], DASH)
        assert dashes.max() <= max(31.0, y)
    assert len(routes.lines_of(np.array([1]))) == 1


def test_an_edge_without_a_route_is_neither_drawn_nor_found() -> None:
    points = _bezier((0, 0), (0, 1), (0, 2), (0, 3))
    routes = flatten(points, np.array([0, 0, 4]), np.zeros(2, np.uint8))
    assert len(routes.lines_of(np.array([0]))) == 0
    assert len(routes.path_of(0)) == 0
    assert np.isnan(routes.boxes[0]).all()
    assert len(routes.lines_of(np.array([1]))) == 1


def test_nodes_are_found_by_place(scene: Scene) -> None:
    for number in range(len(scene)):
        assert scene.node_at(*scene.box(number).centre) == number
    assert scene.node_at(scene.bounds.x - 50, scene.bounds.y) == -1
    everything = scene.nodes_in(scene.bounds)
    assert everything.tolist() == list(range(len(scene)))


def test_around_gives_neighbours_and_the_edges_to_them(scene: Scene) -> None:
    near, edges = scene.around([scene.index[op(1)]])
    assert {scene.ids[i] for i in near} == {op(0), op(1), op(2), leaf(2), grad_fn(1)}
    assert all(scene.index[op(1)] in ends for ends in scene.ends[edges])
    assert len(edges) == 4


def test_walking_follows_edges_and_rows(scene: Scene) -> None:
    def walk(node: object, way: Way) -> object:
        return scene.ids[step(scene, scene.index[node], way)]  # type: ignore[index]

    assert walk(op(1), Way.DOWN) == op(2)
    assert walk(op(1), Way.UP) == op(0)
    assert walk(grad_fn(2), Way.UP) == grad_fn(1)
    assert walk(op(1), Way.LEFT) == grad_fn(1)
    assert walk(op(1), Way.RIGHT) == leaf(2)
    assert walk(op(3), Way.DOWN) == op(3)  # the end of the way
    assert walk(leaf(2), Way.RIGHT) == leaf(2)


def test_nearest_node(scene: Scene) -> None:
    x, y = scene.box(3).centre
    assert nearest(scene, x + 5, y - 5) == 3


views = st.builds(
    View, st.floats(0.01, 4.0), st.floats(-5e4, 5e4), st.floats(-5e4, 5e4), st.just(1.0)
)
pixels = st.floats(0, 2000)


@given(views, st.floats(0.2, 5.0), pixels, pixels)
def test_zoom_keeps_the_point_under_the_cursor(
    view: View, factor: float, x: float, y: float
) -> None:
    after = view.zoomed(factor, x, y)
    assert MIN_SCALE <= after.scale <= MAX_SCALE
    assert after.to_pixel(*view.to_scene(x, y)) == pytest.approx((x, y), abs=1e-3)


@given(views, st.floats(0.2, 5.0), pixels, pixels, st.floats(0, 1))
def test_a_glide_keeps_the_point_under_the_cursor_all_the_way(
    view: View, factor: float, x: float, y: float, t: float
) -> None:
    middle = between(view, view.zoomed(factor, x, y), t, 800, 600)
    assert middle.to_pixel(*view.to_scene(x, y)) == pytest.approx((x, y), abs=1e-2)


places, lengths = st.floats(-1e4, 1e4), st.floats(1, 1e5)


@given(
    st.builds(Rect, places, places, lengths, lengths),
    st.integers(100, 3000),
    st.integers(100, 2000),
)
def test_fit_shows_everything_in_the_middle(area: Rect, width: int, height: int) -> None:
    seen = fitted(area, width, height).seen(width, height)
    assert seen.x <= area.x + 1e-6 and seen.y <= area.y + 1e-6
    assert seen.x + seen.width >= area.x + area.width - 1e-6
    assert seen.y + seen.height >= area.y + area.height - 1e-6
    assert seen.centre == pytest.approx(area.centre, abs=1e-3)
