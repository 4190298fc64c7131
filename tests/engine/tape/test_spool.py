"""The spool: safe against kills, interrupts and forks, and read while it grows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import engine as torch
from engine.tape import replay
from engine.tape.record.ops import Ops
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape

_RECORDER = """
import sys
sys.path.insert(0, sys.argv[2])
import engine as torch
from engine.tape.recorder import Recorder
recorder = Recorder(sys.argv[1])
recorder.start()
w = torch.ones(3, requires_grad=True)
while True:
    (w * 2).sum().backward()
    print(recorder.flush(), flush=True)
"""


def test_a_killed_process_leaves_all_that_was_flushed(tmp_path: Path) -> None:
    spool, root = tmp_path / "spool.tape", str(Path(__file__).parents[3])
    args = [sys.executable, "-c", _RECORDER, str(spool), root]
    with subprocess.Popen(args, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        flushed = [int(process.stdout.readline()) for _ in range(20)]
        process.send_signal(signal.SIGKILL)
    assert spool.stat().st_size >= flushed[-1]
    tape = Tape.open(spool)
    assert not tape.complete
    assert len(tape.passes) >= 20
    tape.save(tmp_path / "saved.tape")
    saved = Tape.open(tmp_path / "saved.tape")
    assert (saved.complete, len(saved.events)) == (True, len(tape.events))
    count = int((saved.grads["event"] < len(saved.events)).sum())
    assert replay.grad_at(saved, 0, len(saved.events)).tolist() == [2.0 * count] * 3


def test_a_tape_is_followed_while_it_is_written(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "spool.tape")
    recorder.flush()
    tape = Tape.open(tmp_path / "spool.tape")
    seen, over = [], threading.Event()

    def follow() -> None:
        while not over.is_set():
            if tape.refresh():
                seen.append(len(tape.events))

    thread = threading.Thread(target=follow)
    thread.start()
    with recorder:
        w = torch.ones(3, requires_grad=True)
        for _ in range(100):
            (w * 2).sum().backward()
            recorder.flush()
    recorder.finish()
    over.set()
    thread.join()
    tape.refresh()
    assert seen == sorted(seen)
    assert tape.complete
    assert len(tape.passes) == 100


def test_an_interrupt_comes_when_the_recorder_is_done(monkeypatch) -> None:
    recorder, original = Recorder(), Ops.add

    def interrupted(self: Ops, *args: Any) -> int:
        signal.raise_signal(signal.SIGINT)
        return original(self, *args)

    monkeypatch.setattr(Ops, "add", interrupted)
    with recorder:
        w = torch.ones(3, requires_grad=True)
        _ = w * 2
        with pytest.raises(KeyboardInterrupt):
            recorder.flush()
        monkeypatch.undo()
        _ = w * 3
    tape = recorder.tape()
    assert recorder.failure is None
    assert len(tape.ops) == 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_write_into_the_spool(tmp_path: Path) -> None:
    args = [sys.executable, "-c", _FORKER, str(tmp_path / "spool.tape"), _root()]
    done = subprocess.run(args, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    tape = Tape.open(tmp_path / "spool.tape")
    assert tape.complete
    assert [tape.text(int(name)) for name in tape.ops["name"]] == ["mul", "sub"]


def _root() -> str:
    return str(Path(__file__).parents[3])


_FORKER = """
import os, sys
sys.path.insert(0, sys.argv[2])
import engine as torch
from engine.tape.recorder import Recorder
recorder = Recorder(sys.argv[1])
recorder.start()
w = torch.ones(3, requires_grad=True)
w * 2
child = os.fork()
if child == 0:
    y = w + 2
    with torch.no_grad():
        y.mul_(2)
    recorder.flush()
    recorder.finish()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
w - 2
recorder.finish()
"""


def test_an_empty_recording_is_a_tape(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.tape")
    recorder.finish()
    recorder.finish()
    assert recorder.flush() > 0
    tape = Tape.open(tmp_path / "a.tape")
    assert (tape.complete, len(tape.events)) == (True, 0)
    assert replay.state_at(tape, 0).pass_ == -1
    assert replay.stops(tape).tolist() == []
