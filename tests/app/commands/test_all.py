"""Every command has a row that says what can be seen after it; one without fails here."""

from __future__ import annotations

from app.commands import COMMANDS
from tests.app.commands import (
    test_build_and_help,
    test_debug_and_view,
    test_files_and_edit,
    test_graph,
    test_run_and_playback,
)

MENUS = (
    test_files_and_edit, test_run_and_playback, test_graph, test_debug_and_view,
    test_build_and_help,
)  # fmt: skip


def test_every_command_has_a_row_and_every_row_its_command() -> None:
    ids = [id for menu in MENUS for row in menu.EFFECTS for id in row]
    assert len(ids) == len(set(ids))
    assert set(ids) == {command.id for command in COMMANDS}, "write what each command does"
