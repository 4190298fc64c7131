"""The one writer of files that must be whole: parts of living writers stay, those of dead ones go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.tape.storage.atomic import part_of, remove_stale, replacing

posix = pytest.mark.skipif(sys.platform == "win32", reason="locks and signals of POSIX")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@posix
def test_a_part_goes_once_its_writer_is_gone(tmp_path: Path) -> None:
    target = tmp_path / "a[1].tape"
    code = (
        "import sys; from pathlib import Path; from engine.tape.storage.atomic import replacing\n"
        "with replacing(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); print('!', flush=True); sys.stdin.read()\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert writer.stdout is not None
    writer.stdout.readline()
    part = part_of(target, writer.pid).name
    remove_stale(target)
    assert names(tmp_path) == [part], "it is being written"
    writer.kill()
    writer.communicate()
    assert names(tmp_path) == [part]
    with replacing(target) as file:
        file.write(b"whole")
    assert names(tmp_path) == [target.name]
    assert target.read_bytes() == b"whole"


def test_files_that_only_look_like_parts_stay(tmp_path: Path) -> None:
    kept = ["a.tape.mine.part", "ab.tape.1.part", "a.tape.part", "a.tape.99999999x.part"]
    for name in kept:
        (tmp_path / name).write_bytes(b"")
    remove_stale(tmp_path / "a.tape")
    assert names(tmp_path) == sorted(kept)


def test_an_error_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(target) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert (names(tmp_path), target.read_bytes()) == (["a"], b"old")


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), replacing(tmp_path):
        pass
