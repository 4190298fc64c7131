"""Private folders, one for each life of a kernel: sockets, log, and the spool of its tape."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from engine.tape.errors import TapeError
from engine.tape.storage.segments import SegmentReader
from engine.tape.storage.source import FileSource

PREFIX = "tapedeck-"
SPOOL = "run.tape"
#: How long the spool of a window that crashed waits to be recovered.
KEEP_SECONDS = 7 * 24 * 3600


def make_folder(base: Path | None = None) -> Path:
    """Make a folder that only this user can enter; its name says which process it belongs to."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))


def of_this_process(base: Path) -> list[Path]:
    """Return the folders in `base` that belong to this process."""
    return sorted(base.glob(f"{PREFIX}{os.getpid()}-*"))


def remove_folder(folder: Path) -> None:
    """Remove a folder and all in it; what cannot be removed is left to `sweep`."""
    shutil.rmtree(folder, ignore_errors=True)


def abandoned(base: Path | None = None) -> list[Path]:
    """Return this user's folders whose process has ended without removing them."""
    root = Path(base or tempfile.gettempdir())
    return [folder for folder in root.glob(f"{PREFIX}*-*") if _is_abandoned(folder)]


def leftover_tapes(base: Path | None = None) -> list[Path]:
    """Return the spools that crashed windows left behind, newest first."""
    tapes = [folder / SPOOL for folder in abandoned(base) if (folder / SPOOL).is_file()]
    return sorted(tapes, key=lambda tape: tape.stat().st_mtime, reverse=True)


def holds_something(tape: Path) -> bool:
    """Return whether anything was recorded on a spool: a whole segment is there."""
    try:
        source = FileSource(tape)
        try:
            return SegmentReader(source).next() is not None
        finally:
            source.close()
    except TapeError:
        return False


def claim(tape: Path) -> Path | None:
    """Make a spool that was left behind this process's; None where another was quicker."""
    folder = tape.parent
    ours = folder.with_name(f"{PREFIX}{os.getpid()}-{folder.name.rpartition('-')[2]}")
    try:
        folder.rename(ours)
    except OSError:
        return None
    return ours / tape.name


def sweep(base: Path | None = None) -> None:
    """Remove abandoned folders that hold no tape, or one that nobody has missed for a week."""
    for folder in abandoned(base):
        try:
            waited = time.time() - (folder / SPOOL).stat().st_mtime
        except OSError:
            waited = float("inf")
        if waited > KEEP_SECONDS:
            remove_folder(folder)


def _is_abandoned(folder: Path) -> bool:
    pid = folder.name.removeprefix(PREFIX).partition("-")[0]
    try:
        return pid.isdecimal() and folder.stat().st_uid == os.getuid() and not _is_alive(int(pid))
    except (AttributeError, OSError):  # no user ids on Windows: nothing is swept there
        return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
