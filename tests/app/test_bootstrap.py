"""A clone sets itself up, and says in one sentence when it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app import bootstrap


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", tmp_path / ".venv")
    return tmp_path


@pytest.fixture
def installs(clone: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a clone installs, one after another; nothing really is."""
    done: list[str] = []
    monkeypatch.setattr(bootstrap, "_install", lambda python, what: done.append(what))
    monkeypatch.setattr(bootstrap, "_create_environment", lambda: _pretend(clone))
    return done


def test_an_old_python_is_told_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    assert bootstrap.run("app.cli", []) == 2
    message = capsys.readouterr().err
    assert "3.11 or newer" in message
    assert "3.9" in message


def test_bootstrap_parses_on_python_3_7() -> None:
    import ast

    for name in ("bootstrap.py", "__main__.py", "__init__.py"):
        source = Path(bootstrap.__file__).with_name(name).read_text("utf-8")
        ast.parse(source, feature_version=(3, 7))


def test_a_finished_environment_is_used_as_it_is(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installs: list[list[str]] = []

    def fake_run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        installs.append([str(part) for part in command])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", fake_run)
    monkeypatch.setattr(bootstrap, "_create_environment", lambda: _pretend(clone))
    first = bootstrap._python("")  # noqa: SLF001
    count = len(installs)
    assert any("install" in command for command in installs)
    assert bootstrap._python("") == first  # noqa: SLF001
    assert len(installs) == count
    bootstrap._python("test")  # noqa: SLF001
    assert installs[-1][-1] == ".[test]"
    after = len(installs)
    bootstrap._python("")  # noqa: SLF001
    assert len(installs) == after  # the smaller set is still known to be there


def test_changed_dependencies_are_installed_again(clone: Path, installs: list[str]) -> None:
    bootstrap._python("")  # noqa: SLF001
    (clone / "pyproject.toml").write_text("[project]\nname = 'y'\n")
    bootstrap._python("")  # noqa: SLF001
    assert installs == [".", "."]


def test_an_environment_that_somebody_made_is_installed_into(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = _pretend(clone)
    (clone / ".venv" / "theirs").touch()
    commands: list[list[str]] = []

    def fake_run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", fake_run)
    monkeypatch.setattr(bootstrap.venv, "EnvBuilder", None)  # nobody makes one
    assert bootstrap._python("") == python  # noqa: SLF001
    assert (clone / ".venv" / "theirs").exists()
    assert commands[-1][:4] == [str(python), "-m", "pip", "install"]


def test_a_broken_environment_is_made_anew_and_what_was_in_it_is_forgotten(
    clone: Path, installs: list[str]
) -> None:
    bootstrap._python("test")  # noqa: SLF001
    _pretend(clone).unlink()  # as when the Python that it was made with is gone
    bootstrap._python("")  # noqa: SLF001
    bootstrap._python("test")  # noqa: SLF001
    assert installs == [".[test]", ".", ".[test]"]


def test_a_failed_install_is_one_sentence(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0 if "--version" in command else 1)

    monkeypatch.setattr(subprocess, "run", fail)
    monkeypatch.setattr(bootstrap, "_create_environment", lambda: _pretend(clone))
    assert bootstrap.run("app.cli", []) == 2
    assert "pip could not install" in capsys.readouterr().err


def _pretend(clone: Path) -> Path:
    """Make a file in the place of an environment's interpreter; it does not run."""
    python = clone / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    python.parent.mkdir(parents=True, exist_ok=True)
    python.touch()
    return python
