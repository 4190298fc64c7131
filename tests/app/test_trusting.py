"""Code from elsewhere runs once the person has said so."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.documents import load, save
from app.examples import examples
from tests.app import drive


@pytest.fixture
def asking(controller: Controller) -> Controller:
    """A window whose settings have it ask before code from elsewhere runs."""
    controller.settings.preferences.ask_trust = True
    return controller


def script(tmp_path: Path, text: str = "print('ran')\n") -> Path:
    (tmp_path / "a.py").write_text(text)
    return tmp_path / "a.py"


def ran(controller: Controller) -> str:
    return drive.texts(controller, controller.session.document.cells[0].key)


def test_nothing_runs_until_it_is_trusted(qtbot: QtBot, asking: Controller, tmp_path: Path) -> None:
    drive.open_file(qtbot, asking, script(tmp_path))
    bar = asking.window.notebook.trust
    assert bar.isVisible()
    for name in ("run_all", "run"):
        asking.window.actions_by_id[name].trigger()
        assert not asking.runs.busy
    assert "all of your rights" in bar.words.text()
    asking.runs.run_all()
    assert bar.button.hasFocus()
    with qtbot.waitSignal(asking.runs.finished, timeout=drive.RUN):
        bar.button.click()
    assert ran(asking) == "ran\n"
    assert not bar.isVisible()
    focus = asking.window.focusWidget()
    assert focus is not None
    assert asking.window.notebook.isAncestorOf(focus)


def test_running_it_says_so_where_nobody_wants_to_be_asked(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(qtbot, controller, script(tmp_path))
    bar = controller.window.notebook.trust
    assert bar.isVisible()
    assert ran(controller) == ""
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.window.actions_by_id["run_all"].trigger()
    assert ran(controller) == "ran\n"
    assert not bar.isVisible()
    assert controller.files.save()
    drive.open_file(qtbot, controller, script(tmp_path))
    assert not bar.isVisible()


def test_a_restart_runs_nothing_either(qtbot: QtBot, asking: Controller, tmp_path: Path) -> None:
    drive.open_file(qtbot, asking, script(tmp_path))
    with qtbot.waitSignal(asking.runs.kernel.tape_ready, timeout=drive.RUN):
        asking.window.actions_by_id["restart_run"].trigger()
    assert not asking.runs.busy
    assert ran(asking) == ""


def test_what_was_trusted_or_saved_here_is_known_again(
    qtbot: QtBot, asking: Controller, tmp_path: Path
) -> None:
    path, bar = script(tmp_path), asking.window.notebook.trust
    drive.open_file(qtbot, asking, path)
    bar.button.click()
    drive.open_file(qtbot, asking, path)
    assert not bar.isVisible()
    key = asking.session.document.cells[0].key
    asking.session.replace_source(key, "print('mine')")
    assert asking.files.save()
    drive.open_file(qtbot, asking, path)
    assert not bar.isVisible()
    path.write_text("print('changed by somebody')\n")
    drive.open_file(qtbot, asking, path)
    assert bar.isVisible()


def test_a_file_that_another_program_changed_is_asked_about_anew(
    qtbot: QtBot, asking: Controller, tmp_path: Path
) -> None:
    path = script(tmp_path)
    drive.open_file(qtbot, asking, path)
    asking.window.notebook.trust.button.click()
    path.write_text("print('changed by somebody')\n")
    asking.keeping.watching.reload()
    assert not asking.session.trusted


def test_new_notebooks_examples_and_empty_files_need_no_trust(
    qtbot: QtBot, asking: Controller, tmp_path: Path
) -> None:
    bar = asking.window.notebook.trust
    asking.files.new()
    assert not bar.isVisible()
    with qtbot.waitSignal(asking.runs.first_run, timeout=drive.RUN):
        asking.files.open_example(examples()[0])
    assert not bar.isVisible()
    drive.open_file(qtbot, asking, script(tmp_path, "\n"))
    assert not bar.isVisible()


def test_the_program_of_a_recording_is_from_elsewhere(
    qtbot: QtBot, asking: Controller, tmp_path: Path
) -> None:
    tape = drive.write_tape(tmp_path / "a.tape", "x = torch.ones(2)")
    drive.open_file(qtbot, asking, tape)
    assert asking.window.notebook.trust.isVisible()
    asking.runs.run_all()
    assert not asking.runs.busy


def test_text_changes_nothing_in_what_is_trusted(
    qtbot: QtBot, asking: Controller, tmp_path: Path
) -> None:
    path = script(tmp_path, "# %% [markdown]\n# Title\n# %%\nprint('ran')\n")
    drive.open_file(qtbot, asking, path)
    asking.window.notebook.trust.button.click()
    document = load(path)
    document.cells[0].source = "Another title"
    save(document, path)
    drive.open_file(qtbot, asking, path)
    assert not asking.window.notebook.trust.isVisible()
