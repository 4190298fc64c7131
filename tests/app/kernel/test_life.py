"""Kernels that hang, die, are killed and restarted; and nothing of them stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import shiboken6
from PySide6.QtCore import QElapsedTimer, QTimer

from engine.tape.tape import Tape

if TYPE_CHECKING:
    from tests.app.kernel.conftest import Heard

MakeKernel = Callable[..., "Heard"]
ROOT = Path(__file__).resolve().parents[3]


def pid_of(heard: Heard) -> int:
    return int(heard.value("import os; os.getpid()"))


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that ended but was not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_gone(pid: int, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} still runs"
        pause.wait(0.02)


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts by /proc")


def test_states_come_in_order(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    assert heard.kernel.state == "stopped"
    heard.start()
    heard.run("1")
    heard.wait_state("idle")
    heard.kernel.shutdown()
    heard.wait_state("stopped")
    assert heard.of("state_changed") == ["starting", "idle", "busy", "idle", "stopped"]
    assert len(heard.of("tape_ready")) == 1


def test_the_tape_is_there_and_grows(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    (spool,) = heard.of("tape_ready")
    before = spool.stat().st_size
    heard.run("print('something for the tape')")
    heard.until(lambda: bool(heard.of("tape_grew")))
    assert spool.stat().st_size > before


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "import time\ntime.sleep(100)",
        "import asyncio\nawait asyncio.sleep(100)",
    ],
)
def test_an_endless_cell_is_interrupted(shared: Heard, loop: str) -> None:
    key = shared.sent(loop)
    shared.kernel.interrupt()
    reply = shared.reply(key)
    assert reply.status == "error"
    assert reply.ename in ("KeyboardInterrupt", "CancelledError")
    assert shared.value("6 * 7") == "42"


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs signal masks")
def test_a_sleep_does_not_outlast_an_interrupt_that_another_thread_got(shared: Heard) -> None:
    # The same to the sleeping thread as a signal on its last step into the sleep.
    key = shared.sent(
        "import signal, time\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\n"
        "try:\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(100)\n"
        "finally:\n"
        "    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])\n"
    )
    shared.until(lambda: "ready" in shared.printed(key))
    shared.kernel.interrupt()
    assert shared.reply(key).ename == "KeyboardInterrupt"
    assert shared.value("6 * 7") == "42"


def test_an_interrupt_ends_all_that_waits(shared: Heard) -> None:
    shared.kernel.execute_many([("ia", "while True: pass"), ("ib", "1"), ("ic", "1")])
    shared.until(lambda: bool(shared.of("started_cell", "ia")))
    shared.kernel.interrupt()
    status = [shared.reply(key).status for key in ("ia", "ib", "ic")]
    assert status == ["error", "aborted", "aborted"]


def test_an_interrupt_before_the_kernel_has_taken_the_cell_up_ends_it(shared: Heard) -> None:
    for _ in range(10):
        shared.wait_state("idle")
        key = shared.send("while True:\n    pass")
        shared.wait_state("busy")  # it is sent
        shared.kernel.interrupt()
        assert shared.reply(key).ename == "KeyboardInterrupt"
    assert shared.value("1 + 1") == "2"


def test_interrupts_at_any_moment_lose_nothing(shared: Heard) -> None:
    for number in range(25):
        key = shared.send(f"print({number})\nsum(range(20_000))")
        shared.kernel.interrupt()
        assert shared.reply(key).status in ("ok", "error", "aborted")
    assert shared.value("6 * 7") == "42"


def test_a_kernel_that_ignores_interrupts_can_be_restarted(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    pid = pid_of(heard)
    key = heard.sent(
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    )
    heard.kernel.interrupt()
    heard.kernel.restart()
    assert heard.reply(key).status == "aborted"
    heard.wait_state("idle")
    assert not is_alive(pid)
    assert "NameError" in heard.value("signal")


def test_a_restart_gives_a_new_spool_and_an_empty_namespace(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    heard.run("x = 1")
    heard.kernel.restart()
    heard.until(lambda: len(heard.of("tape_ready")) == 2)
    first, second = heard.of("tape_ready")
    assert first != second
    assert not first.exists()
    assert "NameError" in heard.value("x")


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


def test_a_folder_that_is_missing_is_told(make_kernel: MakeKernel, tmp_path: Path) -> None:
    heard = make_kernel()
    heard.kernel.start(tmp_path / "nowhere")
    heard.wait_state("dead")
    heard.until(lambda: bool(heard.of("died")))
    assert "nowhere" in heard.of("died")[0]


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


def test_a_flood_does_not_stall_the_window(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    clock = QElapsedTimer()
    gaps: list[int] = []
    ticks = QTimer()
    ticks.setInterval(5)
    ticks.timeout.connect(lambda: gaps.append(clock.restart()))
    clock.start()
    ticks.start()
    heard.run("for i in range(200_000): print('some words', i)")
    ticks.stop()
    assert len(gaps) > 20
    assert sorted(gaps)[len(gaps) * 95 // 100] < 100  # milliseconds; other processes run here too


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
def test_a_hang_in_c_that_holds_the_interpreter_is_ended_by_a_restart(
    make_kernel: MakeKernel,
) -> None:
    heard = make_kernel()
    heard.start()
    pid = pid_of(heard)
    # The pause lets the kernel tell that it has begun: afterwards no thread of it runs.
    heard.sent("import ctypes, time; time.sleep(0.5); ctypes.PyDLL(None).sleep(3600)")
    heard.kernel.interrupt()
    heard.kernel.restart()
    heard.until(lambda: heard.kernel.state == "starting")
    heard.wait_state("idle")
    assert heard.value("6 * 7") == "42"
    assert not is_alive(pid)


def test_endless_recursion_is_an_error_like_others(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    reply = heard.reply(heard.send("def f():\n    return f()\nf()"))
    assert (reply.status, reply.ename) == ("error", "RecursionError")
    assert heard.value("6 * 7") == "42"


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
