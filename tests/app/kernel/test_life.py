"""Kernels at work: their states, and interrupts and restarts of what hangs."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QElapsedTimer, QTimer

from tests.app.kernel.processes import is_alive, needs_proc, pid_of

if TYPE_CHECKING:
    from tests.app.kernel.conftest import Heard

MakeKernel = Callable[..., "Heard"]


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


def test_a_folder_that_is_missing_is_told(make_kernel: MakeKernel, tmp_path: Path) -> None:
    heard = make_kernel()
    heard.kernel.start(tmp_path / "nowhere")
    heard.wait_state("dead")
    heard.until(lambda: bool(heard.of("died")))
    assert "nowhere" in heard.of("died")[0]


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
