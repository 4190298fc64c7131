"""Jobs off the GUI thread report once, and give way to newer ones."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.work import Worker


@pytest.fixture
def worker(qtbot: QtBot) -> Iterator[Worker]:
    made = Worker("test")
    yield made
    made.close()
    assert not made._thread.is_alive()  # noqa: SLF001


def test_a_result_arrives_once_on_the_gui_thread(worker: Worker, qtbot: QtBot) -> None:
    threads: list[int] = []
    results: list[object] = []
    worker.done.connect(lambda result: threads.append(threading.get_ident()))
    worker.done.connect(results.append)
    with qtbot.waitSignal(worker.done):
        worker.submit(lambda cancelled: 42)
    assert results == [42]
    assert threads == [threading.get_ident()]


def test_an_exception_is_reported_and_the_next_job_still_runs(worker: Worker, qtbot: QtBot) -> None:
    def fail(cancelled: Callable[[], bool]) -> None:
        raise ValueError("no")

    with qtbot.waitSignal(worker.failed) as failed:
        worker.submit(fail)
    assert isinstance(failed.args[0], ValueError)
    with qtbot.waitSignal(worker.done) as done:
        worker.submit(lambda cancelled: "yes")
    assert done.args == ["yes"]


def test_a_newer_job_cancels_the_running_one(worker: Worker, qtbot: QtBot) -> None:
    begun = threading.Event()
    results: list[object] = []
    worker.done.connect(results.append)

    def endless(cancelled: Callable[[], bool]) -> str:
        begun.set()
        while not cancelled():
            pass
        return "old"

    worker.submit(endless)
    assert begun.wait(10)
    with qtbot.waitSignal(worker.done):
        worker.submit(lambda cancelled: "new")
    assert results == ["new"]


def test_no_garbage_is_collected_during_a_job(qtbot: QtBot, worker: Worker) -> None:
    """It would end widgets in the wrong thread, and hold up the window."""
    with qtbot.waitSignal(worker.done) as done:
        worker.submit(lambda cancelled: gc.isenabled())
    assert done.args == [False]
    assert gc.isenabled()


def test_garbage_waits_for_the_job_that_reports_last(qtbot: QtBot, worker: Worker) -> None:
    other, begun, go = Worker("other"), threading.Event(), threading.Event()
    with qtbot.waitSignal(other.done):
        other.submit(lambda cancelled: begun.set() or go.wait(10))
        assert begun.wait(10)
        with qtbot.waitSignal(worker.done):
            worker.submit(lambda cancelled: None)
        assert not gc.isenabled()
        go.set()
    assert gc.isenabled()
    other.close()


def test_a_report_that_never_arrives_does_not_keep_the_garbage() -> None:
    other, ran = Worker("other"), threading.Event()
    other.submit(lambda cancelled: ran.set())
    assert ran.wait(10)
    other.close()  # no event was processed
    assert gc.isenabled()
