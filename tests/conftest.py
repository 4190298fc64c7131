"""What every test gets: Qt without a display, settings of its own, and no threads of others."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

if not os.environ.get("QT_QPA_PLATFORM"):  # empty is what a shell leaves of a variable
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from app import display
from tests.examples import USUAL

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

settings.register_profile("tapedeck", USUAL)
settings.load_profile("tapedeck")

#: Folder of the recorded lessons and behaviours beside the project; absent on most machines.
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_configure(config: pytest.Config) -> None:
    """End with one sentence where Qt's libraries are missing, before a test loads them."""
    try:
        display.check_qt()
    except display.DisplayError as error:
        pytest.exit(f"tapedeck: {error}", returncode=2)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell's background job
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: no search for garbage needs to look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def lessons() -> list[Path]:
    """The lesson notebooks; the test is skipped where they are absent."""
    found = sorted((SHARED / "lessons").glob("*.ipynb"))
    if not found:
        pytest.skip(f"no lesson notebooks in {SHARED / 'lessons'}")
    return found


@pytest.fixture(autouse=True)
def _own_places(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, caches and logs of a test go into a folder of its own."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture(autouse=True, scope="module")
def _no_garbage_of_others() -> None:
    """What the tests of another file left in cycles (hooked nodes, widgets) ends before these."""
    gc.collect()


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """A thread that a test started has ended with what it was started for."""
    before = set(threading.enumerate())
    yield
    left = [one for one in threading.enumerate() if one not in before]
    for thread in left:
        thread.join(10)
    assert not [thread.name for thread in left if thread.is_alive()]


@pytest.fixture(autouse=True)
def _no_key_held() -> Iterator[None]:
    """A modifier that a test held down is let go, or it would change the next one's clicks."""
    yield
    if "PySide6.QtWidgets" not in sys.modules:
        return
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication, QWidget

    none = Qt.KeyboardModifier.NoModifier
    if QApplication.instance() and QApplication.keyboardModifiers() != none:
        QTest.keyRelease(QWidget(), Qt.Key.Key_Shift)
        assert QApplication.keyboardModifiers() == none


@pytest.fixture(autouse=True)
def _no_widget_left() -> Iterator[None]:
    """A window, menu or dialog that a test opened is gone with it, and not only hidden."""
    before = set(_windows())
    yield
    left = _since(before)
    if left:
        from PySide6.QtCore import QCoreApplication, QEvent

        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        left = _since(before)
    if left:  # in cycles of Python's, or kept
        del left
        gc.collect()
        left = _since(before)
    assert not [f"{type(one).__name__} {one.objectName()}" for one in left]


def _since(before: set[QWidget]) -> list[QWidget]:
    return [one for one in _windows() if one not in before]


def _windows() -> list[QWidget]:
    """Return all widgets without a parent that there are."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return []
    return list(widgets.QApplication.topLevelWidgets())
