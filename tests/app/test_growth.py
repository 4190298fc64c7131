"""A growing tape is read off the window's thread, shown with pauses, and whole when a run ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from app.growth import Growth


class Reader(QObject):
    """Notes what is asked of it, and on which thread."""

    shown = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.there, self.read, self.showed = 1, 0, 0
        self.go = threading.Event()
        self.go.set()
        self.threads: set[int] = set()
        self.growth = Growth(self.take, self.show, self)

    def take(self) -> None:
        there = self.there
        self.go.wait(10)
        self.threads.add(threading.get_ident())
        self.read = there

    def show(self) -> None:
        self.showed = self.read
        self.shown.emit()


@pytest.fixture
def reader(qtbot: QtBot) -> Iterator[Reader]:
    made = Reader()
    yield made
    made.go.set()
    made.growth.close()


def test_growth_is_read_on_another_thread_and_then_shown(reader: Reader, qtbot: QtBot) -> None:
    with qtbot.waitSignal(reader.shown):
        reader.growth.grew()
    assert reader.showed == 1
    assert threading.get_ident() not in reader.threads


def test_what_comes_while_it_reads_is_shown_later(reader: Reader, qtbot: QtBot) -> None:
    reader.go.clear()
    reader.growth.grew()
    reader.there = 2
    reader.growth.grew()
    reader.go.set()
    qtbot.waitUntil(lambda: reader.showed == 2)


def test_at_the_end_all_is_shown_before_the_rest_follows(reader: Reader, qtbot: QtBot) -> None:
    seen: list[int] = []
    reader.go.clear()
    reader.growth.grew()
    reader.there = 2
    reader.growth.finish(lambda: seen.append(reader.showed))
    reader.go.set()
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [2]
