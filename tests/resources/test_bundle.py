"""The standalone program: what it is told to hold, and the entry that serves kernels too."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__
from resources import bundle
from resources.bundle import ROOT, spec


def test_the_program_holds_the_whole_standard_library_and_our_sources() -> None:
    told = spec()
    ast.parse(told)
    for name in ("json", "sqlite3", "multiprocessing", "unittest", "asyncio"):
        assert f"'{name}'" in told
    assert "'tkinter'" not in told
    for path in ast.walk(ast.parse(told)):
        if isinstance(path, ast.Constant) and str(path.value).startswith(str(ROOT)):
            assert Path(str(path.value)).exists()


def test_the_entry_is_program_and_interpreter() -> None:
    entry = [sys.executable, str(ROOT / "app" / "frozen.py")]
    for arguments in (["--version"], ["-P", "-m", "app.cli", "--version"]):
        said = subprocess.run(
            [*entry, *arguments], capture_output=True, text=True, check=True, cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
        assert said.stdout.strip() == f"tapedeck {__version__}"


def test_without_pyinstaller_it_says_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bundle.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["bundle", "somewhere"])
    with pytest.raises(SystemExit) as left:
        bundle.main()
    assert left.value.code == 2
    assert "pip install -e '.[bundle]'" in capsys.readouterr().err
