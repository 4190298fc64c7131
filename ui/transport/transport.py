"""The transport: the tape deck's keys, counter, readout, speed and timeline."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.fonts import mono_font
from ui.icons import icon
from ui.theme import MONO_FONT, RADIUS, SIZES, Theme, load
from ui.transport.place_view import PlaceView
from ui.transport.readout import Place, event_text, place_at
from ui.transport.speed import SpeedControl
from ui.transport.timeline import TimelineView
from ui.transport.tracks import Tracks, build

#: name, icon, what it does, shortcut shown in the tooltip
_KEYS = (
    ("to_start", "to_start", "Go to the start of the tape", "Home"),
    (
        "previous_pass",
        "previous_pass",
        "Go to the start of this or the previous pass",
        "Ctrl+←",
    ),
    ("step_back", "step_back", "Step back", "←"),
    ("reverse", "reverse", "Play backward", "Shift+Space"),
    ("play", "play", "Play", "Space"),
    ("step_forward", "step_forward", "Step forward", "→"),
    ("next_pass", "next_pass", "Go to the next backward pass", "Ctrl+→"),
    ("to_end", "to_end", "Go to the end of the tape", "End"),
)


class Transport(QWidget):
    """Shows where the playhead is on a tape and asks for it to be moved; it plays nothing itself.

    Speeds are in stops per second. `play_requested(True)` asks to play, `False` to pause;
    `step_requested` and `pass_requested` give how many stops or passes, negative for backward.
    """

    playhead_requested = Signal(int)
    play_requested = Signal(bool)
    reverse_requested = Signal()
    step_requested = Signal(int)
    pass_requested = Signal(int)
    speed_requested = Signal(float)

    def __init__(self, theme: Theme | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._tape: Any = None
        self._tracks = Tracks()
        self._playhead = 0
        self._playing, self._direction, self._running = False, 1, False
        self._theme = theme or load("dark")
        self.keys = {name: self._key(name, text, key) for name, _, text, key in _KEYS}
        self.counter = QLabel()
        self.counter.setFixedHeight(28)
        self.counter.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.counter.setAccessibleName("Events that have happened")
        self.readout = PlaceView()
        self.speed = SpeedControl()
        self.timeline = TimelineView()
        self._lay_out()
        self._connect()
        self.set_theme(self._theme)
        self._show_place()

    # -- setters ------------------------------------------------------------------------------

    def set_tape(self, tape: Any) -> None:
        """Show an engine.tape Tape, or none; call it again, or refresh(), when it has grown."""
        self._tape = tape
        self.refresh()

    def refresh(self) -> None:
        """Read what was appended to the tape."""
        self._tracks = build(self._tape) if self._tape is not None else Tracks()
        self.timeline.set_tracks(self._tracks, self._describe)
        self.set_playhead(self._playhead)

    def set_playhead(self, playhead: int) -> None:
        """Show the playhead: how many events have happened."""
        self._playhead = min(max(playhead, 0), self._tracks.n)
        self.timeline.set_playhead(self._playhead)
        self._show_place()

    def set_playing(self, playing: bool, direction: int = 1) -> None:
        """Show whether, and in which direction, the tape plays."""
        self._playing, self._direction = playing, direction
        self._dress_keys()

    def set_running(self, running: bool) -> None:
        """Say, as long as there is no tape, whether one is coming."""
        if running != self._running:
            self._running = running
            self.timeline.set_running(running)
            self._show_place()

    def set_speed(self, stops_per_second: float) -> None:
        self.speed.set_speed(stops_per_second)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.ensurePolished()  # a second sheet before the first polish would be ignored
        self.setStyleSheet(_sheet(theme))
        self.timeline.set_theme(theme)
        self.readout.set_theme(theme)
        self._dress_keys()

    @property
    def tracks(self) -> Tracks:
        """What the timeline shows; `passes[:, 0] + 1` are the playheads where passes begin."""
        return self._tracks

    # -- parts --------------------------------------------------------------------------------

    def _key(self, name: str, text: str, shortcut: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        big = name == "play"
        button.setFixedSize(36 if big else 28, 36 if big else 28)
        button.setIconSize(QSize(20, 20) if big else QSize(18, 18))
        button.setAccessibleName(text)
        button.setToolTip(f"{text} ({shortcut})")
        return button

    def _lay_out(self) -> None:
        keys = QHBoxLayout()
        keys.setSpacing(1)
        for name, button in self.keys.items():
            if name == "play":
                keys.addSpacing(4)
            keys.addWidget(button)
            if name == "play":
                keys.addSpacing(4)
        row = QHBoxLayout()
        row.setContentsMargins(10, 4, 12, 0)
        row.setSpacing(12)
        row.addLayout(keys)
        row.addWidget(self.counter)
        row.addWidget(self.readout, 1000)
        row.addStretch(1)  # where the readout is left out
        row.addWidget(self.speed)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 4)
        column.setSpacing(2)
        # Parts are left out where it is narrow; the layout must not insist on their widths.
        column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        column.addLayout(row)
        column.addWidget(self.timeline, 1)

    def _connect(self) -> None:
        keys = self.keys
        keys["to_start"].clicked.connect(lambda: self.playhead_requested.emit(0))
        keys["to_end"].clicked.connect(lambda: self.playhead_requested.emit(self._tracks.n))
        keys["previous_pass"].clicked.connect(lambda: self.pass_requested.emit(-1))
        keys["next_pass"].clicked.connect(lambda: self.pass_requested.emit(1))
        keys["step_back"].clicked.connect(lambda: self.step_requested.emit(-1))
        keys["step_forward"].clicked.connect(lambda: self.step_requested.emit(1))
        keys["play"].clicked.connect(lambda: self.play_requested.emit(not self._playing))
        keys["reverse"].clicked.connect(self._reverse)
        self.speed.speed_requested.connect(self.speed_requested)
        self.timeline.playhead_requested.connect(self._scrubbed)
        self.timeline.step_requested.connect(self.step_requested)
        self.timeline.pass_requested.connect(self.pass_requested)

    def _reverse(self) -> None:
        if self._playing and self._direction < 0:
            self.play_requested.emit(False)
        else:
            self.reverse_requested.emit()

    def _scrubbed(self, playhead: int) -> None:
        self._playhead = playhead
        self._show_place()
        self.playhead_requested.emit(playhead)

    # -- what is shown ------------------------------------------------------------------------

    def _show_place(self) -> None:
        if self._tape is None or not self._tracks.n:
            self._say(Place(0, 0, "Running the code" if self._running else "No tape", ""))
        else:
            self._say(place_at(self._tape, self._tracks, self._playhead))
        at_start, at_end = self._playhead <= 0, self._playhead >= self._tracks.n
        for name, button in self.keys.items():
            if name in ("play", "reverse"):
                button.setEnabled(self._tracks.n > 0)
            else:
                backward = name in ("to_start", "previous_pass", "step_back")
                button.setEnabled(not (at_start if backward else at_end))

    def _say(self, place: Place) -> None:
        total = f"{place.total:,}"
        self.counter.setText(f"{place.event:,} / {total}")
        widest = QFontMetrics(mono_font("body")).horizontalAdvance(f"{total} / {total}")
        self.counter.setMinimumWidth(widest + 22)
        self.readout.set_place(place)
        self.timeline.setAccessibleDescription(f"{place.what} {place.where}".strip())

    def _describe(self, event: int) -> str:
        place = place_at(self._tape, self._tracks, event + 1)
        return f"{event_text(self._tape, event)}\n{place.where}".strip()

    def _dress_keys(self) -> None:
        theme, forward = self._theme, self._playing and self._direction > 0
        backward = self._playing and not forward
        for name, picture, text, shortcut in _KEYS:
            button = self.keys[name]
            if name == "play":
                picture = "pause" if self._playing else "play"
                text = "Pause" if self._playing else "Play"
                button.setIcon(icon(picture, theme.accent_text))
                button.setToolTip(f"{text} ({shortcut})")
                button.setAccessibleName(text)
            else:
                lit = name == "reverse" and backward
                button.setIcon(icon(picture, theme.accent if lit else theme.text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.counter.setVisible(self.width() >= 460)
        self.readout.setVisible(self.width() >= 535)
        self.speed.setVisible(self.width() >= 350)
        self.speed.set_compact(self.width() < 840)
        self._column.activate()

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 132)


def _sheet(theme: Theme) -> str:
    return f"""
    Transport {{ background: {theme.panel}; }}
    Transport QToolButton {{ border: 1px solid transparent; border-radius: {RADIUS}px;
        background: transparent; color: {theme.text_dim}; padding: 0; }}
    Transport QToolButton:hover {{ background: {theme.hover}; }}
    Transport QToolButton:pressed {{ background: {theme.selection}; }}
    Transport QToolButton:focus {{ border-color: {theme.focus}; }}
    Transport QToolButton#play {{ background: {theme.accent}; border-radius: 18px; }}
    Transport QToolButton#play:hover {{ background: {theme.active}; }}
    Transport QToolButton#play:disabled {{ background: {theme.raised}; }}
    Transport QToolButton#play:focus {{ border: 2px solid {theme.focus}; }}
    Transport QLabel {{ background: {theme.canvas}; color: {theme.accent};
        border: 1px solid {theme.border}; border-radius: {RADIUS}px; padding: 0 8px;
        font-family: "{MONO_FONT}"; font-size: {SIZES["body"]}pt; }}
    SpeedControl QToolButton {{ font-family: "{MONO_FONT}"; font-size: {SIZES["small"]}pt; }}
    Transport QSlider::groove:horizontal {{ height: 4px; border-radius: 2px;
        background: {theme.border}; }}
    Transport QSlider::sub-page:horizontal {{ border-radius: 2px; background: {theme.text_faint}; }}
    Transport QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -4px 0;
        border-radius: 6px; background: {theme.text_dim}; }}
    Transport QSlider::handle:horizontal:hover {{ background: {theme.text}; }}
    Transport QSlider::handle:horizontal:focus {{ background: {theme.focus}; }}
    """
