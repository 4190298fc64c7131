"""Whatever happens while a tape is saved: the target is the old file or the new one, whole."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from handmade import write

from engine.tape.check import check
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape, TapeError
from tests.fuzz.samples import sample

posix = pytest.mark.skipif(os.name != "posix", reason="forks, signals and limits of Unix")
OLD, NEW = bytes(write()), sample("memory")

_KILLER = """
import os, random, select, signal, sys, time
from pathlib import Path
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape

target, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
contents = [target.read_bytes(), Path(sys.argv[3]).read_bytes()]
tapes = [Tape(MemorySource(bytearray(data))) for data in contents]
begin = time.perf_counter()
for tape in reversed(tapes):
    tape.save(target)
both = time.perf_counter() - begin
seen, parts = [0, 0], 0
for _ in range(50):
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(tell, b"!")
        while True:
            for tape in reversed(tapes):
                tape.save(target)
    os.read(ready, 1)
    os.close(ready)
    os.close(tell)
    select.select([], [], [], chance.uniform(0, min(2 * both, 0.1)))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    seen[contents.index(target.read_bytes())] += 1
    parts += len(list(target.parent.glob("*.part")))
tapes[0].save(target)
assert not list(target.parent.glob("*.part")), "what was killed is cleaned up by the next save"
print(*seen, parts)
"""


def run(script: str, *arguments: object, limit: int | None = None) -> subprocess.CompletedProcess:
    def limited() -> None:
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True,
        cwd=Path(__file__).parents[3], preexec_fn=limited, check=False, timeout=110,
    )  # fmt: skip


@posix
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_50_random_moments_it_is_always_a_whole_file(tmp_path: Path, seed: int) -> None:
    target, other = tmp_path / "a.tape", tmp_path / "other"
    target.write_bytes(OLD)
    other.write_bytes(NEW)
    done = run(_KILLER, target, seed, other)
    assert (done.returncode, done.stderr) == (0, "")
    old, new, parts = map(int, done.stdout.split())
    assert old + new == 50
    assert new > 0, "it was killed before it ever saved"
    assert parts > 0, "it was never killed in the middle"


_SAVER = """
import sys
from engine.tape.tape import Tape, TapeError
try:
    Tape.open(sys.argv[1]).save(sys.argv[2])
except TapeError as error:
    print(error)
"""


@posix
@pytest.mark.parametrize("limit", [0, 1, 4096, 200_000, len(NEW) - 1])
def test_a_file_that_may_not_grow_so_large_leaves_the_old_one(tmp_path: Path, limit: int) -> None:
    target, source = tmp_path / "a.tape", tmp_path / "new"
    target.write_bytes(OLD)
    source.write_bytes(NEW)
    done = run(_SAVER, source, target, limit=limit)
    assert done.stdout == f"{target}: saving: {os.strerror(errno.EFBIG)}\n"
    assert target.read_bytes() == OLD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tape", "new"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for 300 kB; skips where it cannot be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_leaves_the_old_file_and_room(small_disk: Path) -> None:
    target = small_disk / "a.tape"
    target.write_bytes(OLD)
    with pytest.raises(TapeError, match=r"a\.tape: saving: No space left on device"):
        Tape(MemorySource(bytearray(NEW))).save(target)
    assert target.read_bytes() == OLD
    assert [path.name for path in small_disk.iterdir()] == ["a.tape"]


def test_a_full_disk_ends_a_recording_at_its_last_whole_segment(small_disk: Path) -> None:
    import engine as torch
    from engine.tape.recorder import Recorder

    recorder = Recorder(small_disk / "run.tape")
    with recorder, contextlib.suppress(OSError):
        w = torch.ones(100, 40, requires_grad=True)
        for _ in range(100):
            (w * 2).sum().backward()
            recorder.flush()
    assert recorder.failure is not None
    assert "are left on the disk" in recorder.failure
    report = check(small_disk / "run.tape")
    assert (report.damage, report.finished) == ((), False)
    assert len(Tape.open(small_disk / "run.tape").passes) > 3


def test_a_read_only_folder_is_named_and_the_file_in_it_stays(small_disk: Path) -> None:
    target = small_disk / "a.tape"
    target.write_bytes(OLD)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(TapeError, match=r"a\.tape: saving: Read-only file system"):
        Tape(MemorySource(bytearray(OLD))).save(target)
    assert target.read_bytes() == OLD


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    target = tmp_path / "a.tape"
    target.write_bytes(OLD)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(TapeError, match=r"a\.tape: saving: Permission denied"):
            Tape(MemorySource(bytearray(OLD))).save(target)
    finally:
        tmp_path.chmod(0o755)
    assert target.read_bytes() == OLD


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EACCES, errno.ETIMEDOUT])
def test_a_rename_that_fails_as_on_a_network_leaves_the_old_file(
    tmp_path: Path, monkeypatch, number: int
) -> None:
    target = tmp_path / "a.tape"
    target.write_bytes(OLD)

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(TapeError, match=rf"a\.tape: saving: {os.strerror(number)}"):
        Tape(MemorySource(bytearray(NEW))).save(target)
    assert target.read_bytes() == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["a.tape"]


@posix
def test_permissions_and_links_stay_what_they_are(tmp_path: Path) -> None:
    target, link = tmp_path / "a.tape", tmp_path / "link.tape"
    target.write_bytes(OLD)
    target.chmod(0o640)
    link.symlink_to(target)
    Tape(MemorySource(bytearray(NEW))).save(link)
    assert link.is_symlink()
    assert target.read_bytes() == NEW
    assert target.stat().st_mode & 0o777 == 0o640
