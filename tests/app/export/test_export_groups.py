"""Groups in exported pictures: frames with names, folds, and the words of the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.cli import main
from app.export import ExportError, export
from app.export.groups import GroupOptions, by_of
from tests.app.drive import write_tape
from tests.app.test_grouping import NET
from ui.graph.groups import By

#: Before drawings make an application without widgets, which tests of windows could not use.
pytestmark = pytest.mark.usefixtures("qapp")


def words(path: Path) -> str:
    return path.read_text("utf-8")


def test_a_drawing_has_frames_with_the_names_of_modules(tmp_path: Path) -> None:
    tape, target = write_tape(tmp_path / "net.tape", NET), tmp_path / "net.svg"
    assert main(["export", str(tape), "--to", str(target)]) == 0
    assert "layers.1 · Block" in words(target)
    assert "AddmmBackward0" in words(target)
    assert main(["export", str(tape), "--to", str(target), "--group-by", "nothing"]) == 0
    assert "layers.1 · Block" not in words(target)


def test_folded_groups_are_cards_in_a_drawing_too(tmp_path: Path) -> None:
    tape, target = write_tape(tmp_path / "net.tape", NET), tmp_path / "net.svg"
    assert main(["export", str(tape), "--to", str(target), "--fold", "1"]) == 0
    assert "layers.1 · Block" in words(target)
    assert "AddmmBackward0" not in words(target)
    (hand := tmp_path / "hand.json").write_text('{"pins": {}, "folded": [], "groups": []}')
    assert main(["export", str(tape), "--to", str(target), "--arrangement", str(hand)]) == 0
    assert "AddmmBackward0" in words(target)


def test_a_word_that_names_no_grouping_is_refused_with_those_that_do(tmp_path: Path) -> None:
    assert by_of("loop") == By.LOOP
    with pytest.raises(ExportError, match="by colour, but by nothing, module, cell, line, loop"):
        by_of("colour")


def test_the_same_groups_give_the_same_bytes(tmp_path: Path) -> None:
    from engine.tape.tape import Tape

    tape = Tape.open(write_tape(tmp_path / "net.tape", NET))
    for name in ("a.png", "b.png"):
        export(tape, tmp_path / name, groups=GroupOptions(By.MODULE, 2), playhead=len(tape.events))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    tape.close()


def test_a_drawing_runs_down_or_from_left_to_right(tmp_path: Path) -> None:
    tape = write_tape(tmp_path / "net.tape", NET)
    shapes = []
    for name, more in (("down.svg", []), ("right.svg", ["--left-to-right"])):
        target = tmp_path / name
        assert main(["export", str(tape), "--to", str(target), "--fold", "1", *more]) == 0
        found = re.search(r'viewBox="0 0 (\d+) (\d+)"', target.read_text("utf-8"))
        assert found is not None
        shapes.append(int(found[1]) / int(found[2]))
    assert shapes[1] > 1.5 * shapes[0]
