"""Writing a file so that its name has the old content or the new one, whole, whatever happens."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # on Windows, where nobody can remove a file that is open
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file beside `path` to write; it takes that name once it is whole and on the disk.

    The permissions of an older file stay, and of a link its target is replaced. Raises OSError
    where that cannot be done; then `path` is what it was. What killed writers left is removed.
    """
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(21, os.strerror(21), str(path))
    remove_stale(target)
    part = part_of(target, os.getpid())
    try:
        with part.open("wb") as file:
            _lock(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            part.chmod(target.stat().st_mode & 0o7777)
        part.replace(target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    _sync_folder(target.parent)


def part_of(target: Path, process: int) -> Path:
    """Return where a process writes what will become `target`."""
    return target.with_name(f"{target.name}.{process}.part")


def remove_stale(path: Path) -> None:
    """Remove what writers of `path` left that were killed; what is being written stays."""
    target = path.resolve()
    with contextlib.suppress(OSError):
        for part in target.parent.glob(f"{_escaped(target.name)}.*.part"):
            owner = part.name[len(target.name) + 1 : -len(".part")]
            if owner.isdecimal() and int(owner) != os.getpid() and _is_left(part, int(owner)):
                part.unlink(missing_ok=True)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _lock(file: BinaryIO) -> None:
    """Hold a lock for as long as the file is open: whoever gets it knows that we are gone."""
    if fcntl is not None:
        with contextlib.suppress(OSError):  # a network's file system may have no locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_left(part: Path, owner: int) -> bool:
    """Return whether nobody writes a part any more, here or on another machine."""
    if fcntl is None:
        return True
    if _is_alive(owner):
        return False
    with part.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """Let the new name reach the disk; a network's file system may not know how, and needs not."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
