"""Kernels that end, by themselves or by others; and nothing of them stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import shiboken6
from PySide6.QtCore import QElapsedTimer

from engine.tape.tape import Tape
from tests.app.kernel.processes import is_alive, needs_proc, pid_of, wait_gone

if TYPE_CHECKING:
    from tests.app.kernel.conftest import Heard

MakeKernel = Callable[..., "Heard"]
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "end", ["os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)", "os.abort()"]
)
def test_a_kernel_that_ends_itself_is_dead_within_a_second(
    make_kernel: MakeKernel, end: str
) -> None:
    heard = make_kernel()
    heard.start()
    heard.run("import os, signal, time")
    # The pause is the kernel's: what it handed to its sender a moment ago would die with it.
    dying = f"print('last words', flush=True)\ntime.sleep(0.2)\n{end}"
    heard.kernel.execute_many([("a", dying), ("b", "1")])
    heard.until(lambda: bool(heard.of("started_cell", "a")))
    watch = QElapsedTimer()
    watch.start()
    heard.wait_state("dead")
    assert watch.elapsed() < 1500
    assert [heard.reply(key).status for key in ("a", "b")] == ["aborted", "aborted"]
    assert "last words" in heard.printed("a")
    heard.until(lambda: bool(heard.of("died")))
    (words,) = heard.of("died")
    assert {"_": "exit status 3", "k": "SIGKILL", "a": "SIGABRT"}[end[3]] in words
    if "abort" in end:
        assert "<cell a In[2]>" in words
        assert "line 3" in words
    assert heard.reply(heard.send("1")).status == "aborted"
    assert heard.of("tape_ready")[0].exists()
    heard.kernel.restart()
    heard.wait_state("idle")
    assert heard.value("6 * 7") == "42"


def test_a_kernel_killed_from_outside_while_idle_is_noticed(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    os.kill(pid_of(heard), signal.SIGKILL)
    heard.wait_state("dead")


def test_children_end_with_their_kernel(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    child = int(heard.value("import subprocess; subprocess.Popen(['sleep', '1000']).pid"))
    heard.send("import os; os._exit(1)")
    heard.wait_state("dead")
    wait_gone(child)


def test_starting_again_after_shutdown_works(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    heard.kernel.shutdown()
    heard.kernel.start()
    heard.until(lambda: len(heard.of("tape_ready")) == 2)
    heard.wait_state("idle")
    assert heard.value("6 * 7") == "42"


def test_a_kernel_object_that_is_deleted_ends_its_process(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    pid = pid_of(heard)
    shiboken6.delete(heard.kernel)
    wait_gone(pid)


def test_shutting_down_while_starting_leaves_nothing(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.kernel.start()
    heard.wait_state("starting")
    heard.kernel.shutdown()
    assert heard.kernel.join()


def opened() -> set[tuple[str, object]]:
    """Return this process's open descriptors, each with what it leads to, and its threads."""
    held: set[tuple[str, object]] = {("thread", thread) for thread in threading.enumerate()}
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with contextlib.suppress(FileNotFoundError):  # the one that lists the folder
            held.add((number, os.readlink(f"/proc/self/fd/{number}")))  # noqa: PTH115
    return held


@needs_proc
def test_rounds_of_killing_and_restarting_leak_nothing(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    pids = []
    before = len(opened())
    for number in range(6):
        pids.append(pid_of(heard))
        if number % 2:
            heard.send("import os; os._exit(1)")
            heard.wait_state("dead")
        else:
            heard.sent("while True: pass")
        heard.kernel.restart()
        heard.until(lambda: heard.kernel.state in ("starting", "idle"))
        heard.wait_state("idle")
    # What the last life used is closed behind its successor's back.
    heard.settle(lambda: len(opened()) <= before)
    assert not any(is_alive(pid) for pid in pids)


@needs_proc
def test_a_kernel_that_was_shut_down_leaves_nothing(make_kernel: MakeKernel) -> None:
    first = make_kernel()
    first.start()
    first.kernel.shutdown()
    assert first.kernel.join()
    before = opened()
    heard = make_kernel()
    heard.start()
    pid = pid_of(heard)
    assert opened() - before, "a kernel at work holds descriptors and threads"
    heard.kernel.shutdown()
    assert heard.kernel.join()
    heard.settle(lambda: opened() <= before)
    assert not is_alive(pid)


PARENT = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.kernel.client import Kernel
application = QCoreApplication([])
kernel = Kernel(folder=Path(sys.argv[1]))
def tell(key, outputs):
    print(outputs[0]["text"].strip(), flush=True)
    {end}
kernel.outputs.connect(tell)
kernel.died.connect(lambda words: (print(words), application.exit(1)))
kernel.start()
kernel.execute("a", "import os; print(os.getpid())")
application.exec()
"""


@needs_proc
@pytest.mark.parametrize(
    ("end", "kept"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", True),
        ("sys.exit(0)", False),
        ("application.quit()", False),
    ],
)
def test_a_kernel_ends_with_a_program_that_forgets_it(tmp_path: Path, end: str, kept: bool) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(end=end))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["", *sys.path])}
    folder = tmp_path / "f"
    folder.mkdir()
    run = subprocess.run(
        [sys.executable, script, folder],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert run.stdout.strip().isdecimal(), run.stderr
    wait_gone(int(run.stdout))
    # What was recorded by a window that crashed waits to be recovered, and nothing else.
    left = [path.name for path in folder.rglob("*") if path.is_file()]
    assert left == (["run.tape"] if kept else [])


@needs_proc
def test_a_kernel_killed_while_it_writes_a_large_tape_leaves_what_was_written(
    make_kernel: MakeKernel,
) -> None:
    heard = make_kernel()
    heard.start()
    pid, grown = pid_of(heard), len(heard.of("tape_grew"))
    heard.sent(
        "import torch\nx = torch.ones(500_000, requires_grad=True)\n"
        "while True: (x * 2).sum().backward()"
    )
    heard.until(lambda: len(heard.of("tape_grew")) > grown + 3)
    os.kill(pid, signal.SIGKILL)
    heard.wait_state("dead")
    tape = Tape.open(heard.of("tape_ready")[0], partial=True)
    assert len(tape.ops) > 0
    assert len(tape.passes) > 0
    tape.close()
    heard.kernel.restart()
    heard.until(lambda: heard.kernel.state == "starting")
    heard.wait_state("idle")
    assert heard.value("6 * 7") == "42"
