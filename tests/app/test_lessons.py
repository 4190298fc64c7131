"""A person opens a lesson, runs it, looks at the graph, plays it, saves, and opens it again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive
from ui.graph.types import Kind, NodeId

#: Per lesson: names of its leaves, and grad_fn nodes that its graphs hold.
LESSONS = {
    "000": ({"w", "b"}, {"AddBackward0", "BinaryCrossEntropyWithLogitsBackward0", "TBackward0"}),
    "001": ({"w", "b"}, {"AddBackward0", "BinaryCrossEntropyWithLogitsBackward0", "TBackward0"}),
    "002": ({"x"}, {"MulBackward0", "MeanBackward0", "AddBackward0"}),
    "003": ({"w", "b"}, {"AddBackward0", "BinaryCrossEntropyWithLogitsBackward0"}),
    "004": ({"x", "w", "b"}, {"PowBackward0", "SinBackward0", "ClampBackward1", "LogBackward0"}),
}
#: What a cell may raise on purpose.
MEANT = {
    "002": ["you can only change requires_grad flags of leaf", "a second time", "scalar outputs"],
    "004": ["does not require grad and does not have a grad_fn"] * 3,
}


@pytest.fixture(params=sorted(LESSONS))
def lesson(request: pytest.FixtureRequest, lessons: list[Path], tmp_path: Path) -> Path:
    number = str(request.param)
    found = next(path for path in lessons if path.name.startswith(number))
    return Path(shutil.copy(found, tmp_path / f"{number}.ipynb"))


def test_lesson_runs_shows_plays_saves_and_opens_again(
    qtbot: QtBot, controller: Controller, lesson: Path, tmp_path: Path
) -> None:
    drive.open_file(qtbot, controller, lesson)
    drive.run_all(qtbot, controller)
    check_errors(controller, lesson.stem)
    leaves, grad_fns = LESSONS[lesson.stem]
    check_graphs(qtbot, controller, leaves, grad_fns)
    played = play_to_the_end(qtbot, controller)
    kernel = drive.ask_kernel(qtbot, controller, drive.GRADS)
    assert kernel
    assert kernel.keys() <= played.keys()  # a name that was bound anew lives on in the recording
    for name, value in kernel.items():
        assert np.array_equal(played[name], np.asarray(value, played[name].dtype)), name
    tape = tmp_path / "lesson.tape"
    assert controller.files.write_tape(tape)
    controller.session.set_dirty(False)
    reopen(qtbot, controller, tape, played)


def check_errors(controller: Controller, number: str) -> None:
    """Only the cells that are meant to raise did, with the right message."""
    raised = [
        output["evalue"]
        for cell in controller.session.document.cells
        for output in cell.outputs
        if output["output_type"] == "error"
    ]
    meant = MEANT.get(number, [])
    assert len(raised) == len(meant), raised
    for message, part in zip(raised, meant, strict=True):
        assert part in message


def check_graphs(
    qtbot: QtBot, controller: Controller, leaves: set[str], grad_fns: set[str]
) -> None:
    """Walk through all graphs of the tape; the canvas and the inspector show what is in them."""
    titles: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for info in controller.session.graphs:
        controller.graph.choose(info.number)
        qtbot.waitUntil(lambda info=info: controller.session.graph == info, timeout=drive.RUN)
        graph = controller.graph.picture.graph
        assert controller.window.graph.canvas.node_count() == len(graph)
        for node, data in graph.nodes(data=True):
            titles[node.kind].add(data["title"])
        node = next(iter(graph))
        controller.session.select(node)
        view = controller.window.inspector.shown()
        assert view is not None
        assert view.node == node
        assert {fact.label for fact in view.facts}
    assert leaves <= titles[Kind.LEAF]
    assert grad_fns <= titles[Kind.GRAD_FN]
    assert titles[Kind.ACCUMULATE] == {"AccumulateGrad"}


def play_to_the_end(qtbot: QtBot, controller: Controller) -> dict[str, np.ndarray]:
    """Press play at the start; return what the inspector shows as .grad of each leaf at the end."""
    session, player = controller.session, controller.playback.player
    session.set_playhead(0)
    player.set_speed(2000.0)
    with qtbot.waitSignal(
        player.state_changed, timeout=drive.RUN, check_params_cb=lambda playing: not playing
    ):
        controller.window.actions_by_id["play"].trigger()
    assert session.tape is not None
    assert session.playhead == len(session.tape.events)
    assert not player.playing
    return leaf_grads(controller)


def leaf_grads(controller: Controller) -> dict[str, np.ndarray]:
    """Return the shown .grad of every leaf that has a name and a gradient at the playhead."""
    tape = controller.session.tape
    assert tape is not None
    names = {tape.text(row["text"]) for row in tape.names if "." not in tape.text(row["text"])}
    found: dict[str, np.ndarray] = {}
    for name in sorted(names):
        node = newest_leaf(controller, name)
        if node is None:
            continue
        controller.session.select(node)
        view = controller.window.inspector.shown()
        assert view is not None
        if view.gradient is not None and view.gradient.array is not None:
            found[name] = view.gradient.array
    return found


def newest_leaf(controller: Controller, name: str) -> NodeId | None:
    try:
        return drive.leaf(controller, name)
    except AssertionError:
        return None


def reopen(qtbot: QtBot, controller: Controller, tape: Path, grads: dict[str, np.ndarray]) -> None:
    """The recording opens without a kernel and shows the same."""
    before = [graph.title for graph in controller.session.graphs]
    drive.open_file(qtbot, controller, tape)
    drive.wait_for_graph(qtbot, controller)
    assert controller.runs.kernel.state == "stopped"
    assert [graph.title for graph in controller.session.graphs][: len(before)] == before
    again = leaf_grads(controller)
    assert again.keys() == grads.keys()
    for name, value in grads.items():
        assert np.array_equal(again[name], value), name
