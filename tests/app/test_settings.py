"""Preferences, recent files and window state survive a restart; nonsense does not break a start."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray

from app.preferences import Preferences
from app.settings import Settings


def test_preferences_come_back_as_they_were_left(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "s.ini")
    settings.preferences.theme = "light"
    settings.preferences.speed = 12.5
    settings.preferences.animate = False
    settings.save()
    assert Settings(tmp_path / "s.ini").preferences == Preferences(
        theme="light", speed=12.5, animate=False
    )


def test_values_of_the_wrong_kind_count_as_absent(tmp_path: Path) -> None:
    (tmp_path / "s.ini").write_text("[preferences]\ntheme=plaid\nspeed=fast\nfollow=maybe\n")
    loaded = Settings(tmp_path / "s.ini").preferences
    assert loaded.theme == "dark"
    assert loaded.speed == Preferences().speed


def test_recent_files_are_newest_first_without_doubles_and_only_existing(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "s.ini")
    files = [tmp_path / f"{i}.ipynb" for i in range(12)]
    for file in files:
        file.touch()
        settings.add_recent(file)
    settings.add_recent(files[5])
    files[11].unlink()
    recent = settings.recent()
    assert recent[0] == files[5]
    assert recent.count(files[5]) == 1
    assert files[11] not in recent
    assert len(recent) <= Settings.MAX_RECENT


def test_window_state_comes_back(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "s.ini")
    assert settings.window()[0].isEmpty()
    settings.set_window(QByteArray(b"geometry"), QByteArray(b"state"))
    assert Settings(tmp_path / "s.ini").window() == (
        QByteArray(b"geometry"),
        QByteArray(b"state"),
    )


def test_the_size_of_recordings_is_kept_and_stays_sensible(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "a.ini")
    assert settings.preferences.keep_gb == 8.0
    settings.preferences.keep_gb = 2.5
    settings.save()
    assert Settings(tmp_path / "a.ini").preferences.keep_gb == 2.5
    settings.preferences.keep_gb = -3.0
    settings.save()
    assert Settings(tmp_path / "a.ini").preferences.keep_gb == 0.1
