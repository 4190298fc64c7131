"""The real window on a session of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.main import make_application
from app.settings import Settings


@pytest.fixture
def controller(qtbot: QtBot, tmp_path: Path) -> Iterator[Controller]:
    """A shown window with fresh settings; its kernel and threads end with the test."""
    make_application()
    settings = Settings(tmp_path / "settings.ini")
    made = Controller(settings)
    made.window.showNormal()
    made.window.resize(1280, 800)
    qtbot.waitExposed(made.window)
    yield made
    made.session.set_dirty(False)
    made.window.close()
    made.close()
    made.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # now, not in a later test
