"""Private folders and what is left of them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.kernel import folders

posix = pytest.mark.skipif(os.name != "posix", reason="permissions and process ids of Unix")


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def make_left(base: Path, pid: int, tape: bool, age: float = 0) -> Path:
    folder = base / f"{folders.PREFIX}{pid}-abc{tape}{int(age)}"
    folder.mkdir()
    if tape:
        spool = folder / folders.SPOOL
        spool.write_bytes(b"tape")
        times = spool.stat().st_mtime - age
        os.utime(spool, (times, times))
    return folder


@posix
def test_a_folder_is_private(tmp_path: Path) -> None:
    folder = folders.make_folder(tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@posix
def test_only_what_nobody_needs_is_swept(tmp_path: Path, gone: int) -> None:
    ours = folders.make_folder(tmp_path)
    empty = make_left(tmp_path, gone, tape=False)
    recent = make_left(tmp_path, gone, tape=True)
    old = make_left(tmp_path, gone, tape=True, age=2 * folders.KEEP_SECONDS)
    other = tmp_path / "tapedeck-notes"
    other.mkdir()
    assert folders.leftover_tapes(tmp_path) == [recent / folders.SPOOL, old / folders.SPOOL]
    folders.sweep(tmp_path)
    assert {path for path in (ours, empty, recent, old, other) if path.exists()} == {
        ours, recent, other,
    }  # fmt: skip
