"""Where a window cannot open, one sentence says why and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import display

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 is Linux's")


def tapedeck(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process without the suite's offscreen platform."""
    inherited = {k: v for k, v in os.environ.items() if k not in display_variables}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT, env={**inherited, **environment}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


display_variables = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")


@linux
def test_without_a_display_the_command_says_what_to_do() -> None:
    done = tapedeck()
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no display" in done.stderr
    assert "xvfb-run" in done.stderr


@linux
def test_an_unreachable_display_is_named() -> None:
    done = tapedeck(DISPLAY=":987")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "':987'" in done.stderr or "lib" in done.stderr


@pytest.mark.parametrize(
    ("reason", "package"),
    [
        ("libEGL.so.1: cannot open shared object file: No such file or directory", "libegl1"),
        ("libxcb-cursor.so.0: cannot open shared object file", "libxcb-cursor0"),
        ("libxkbcommon.so.0: cannot open", "libxkbcommon0"),
    ],
)
def test_a_missing_library_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, reason: str, package: str
) -> None:
    def missing(name: str, *_: object, **__: object) -> None:
        raise ImportError(reason)

    monkeypatch.setattr("builtins.__import__", missing)
    with pytest.raises(display.DisplayError, match=package):
        display.check_qt()


def test_an_unknown_library_is_still_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, *_: object, **__: object) -> None:
        raise ImportError("libweird.so.3: cannot open shared object file")

    monkeypatch.setattr("builtins.__import__", missing)
    with pytest.raises(display.DisplayError, match=r"libweird\.so\.3"):
        display.check_qt()
