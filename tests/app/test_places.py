"""Back and forward, as data."""

from __future__ import annotations

from app.places import Place, Places
from ui.graph.camera import View
from ui.graph.focus import Focus
from ui.graph.reach import Way
from ui.graph.types import Kind, NodeId
from ui.graph.view import Stand


def place(node: int | None, scale: float = 1.0, focus: Focus | None = None) -> Place:
    selected = None if node is None else NodeId(Kind.OP, node)
    return Place(1, focus, selected, Stand(View(scale, 0.0, 0.0), fitted=False))


def test_back_and_forward_lead_through_what_was_visited() -> None:
    places = Places()
    for node in (1, 2):
        places.leave(place(node))
    assert places.back(place(3)) == place(2)
    assert places.back(place(2)) == place(1)
    assert places.back(place(1)) is None
    assert places.forward(place(1)) == place(2)
    assert places.forward(place(2)) == place(3)
    assert places.forward(place(3)) is None


def test_a_new_way_forgets_what_was_ahead() -> None:
    places = Places()
    places.leave(place(1))
    assert places.back(place(2)) == place(1)
    assert places.has_forward
    places.leave(place(1))
    assert not places.has_forward
    assert places.back(place(7)) == place(1)


def test_one_comes_back_to_where_one_looked_when_leaving() -> None:
    places = Places()
    places.leave(place(1, scale=0.5))
    assert places.back(place(2)) == place(1, scale=0.5)
    assert places.forward(place(1, scale=0.7)) == place(2)
    assert places.back(place(2)) == place(1, scale=0.7)


def test_of_a_walk_only_its_beginning_is_kept() -> None:
    places = Places()
    for node in (1, 2, 3):
        places.leave(place(node), walked=True)
    places.leave(place(4))
    assert places.back(place(9)) == place(4)
    assert places.back(place(4)) == place(1)


def test_nothing_selected_is_no_place_unless_a_part_is_shown() -> None:
    places = Places()
    places.leave(place(None))
    assert not places.has_back
    part = place(None, focus=Focus(NodeId(Kind.OP, 3), Way.NEAR))
    places.leave(part)
    assert places.back(place(1)) == part


def test_where_one_is_already_is_passed_over() -> None:
    places = Places()
    places.leave(place(1))
    places.leave(place(2))
    assert places.back(place(2, scale=3.0)) == place(1)


def test_the_oldest_are_forgotten() -> None:
    places = Places()
    for node in range(Places.MOST + 50):
        places.leave(place(node))
    here, count = place(10_000), 0
    while (there := places.back(here)) is not None:
        here, count = there, count + 1
    assert count == Places.MOST
    assert here == place(50)
