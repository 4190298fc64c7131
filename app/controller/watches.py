"""Between the watches and the tape: read at the playhead and over time, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from PySide6.QtCore import QObject, Signal

from app.session import Session
from app.window import Window
from app.work import Worker
from engine.tape.conditions import Absent, ConditionError
from engine.tape.tape import Tape
from engine.tape.watches import Names, Plot, Watch
from ui.sentences import sentence
from ui.watches.panel import Reading


class WatchesBinding(QObject):
    """Keeps the person's expressions, over all recordings, and shows what they are."""

    read = Signal()  # the list is true to the playhead
    plotted = Signal()  # the chosen watch's plot is shown

    def __init__(self, session: Session, window: Window) -> None:
        super().__init__(window)
        self._session, self._window, self._panel = session, window, window.watches
        self._index: _Index | None = None
        self._grew = False  # since the index was made
        self.reader, self.plotter = Worker("watches", self), Worker("watch over time", self)
        self.checker = Worker("new watch", self)
        self.checker.done.connect(self._checked)
        self.checker.failed.connect(self._failed)
        self.reader.done.connect(self._show)
        self.plotter.done.connect(self._show_plot)
        self.reader.failed.connect(self._failed)
        self.plotter.failed.connect(self._failed)
        panel = self._panel
        panel.added.connect(self.add)
        panel.removed.connect(self._remove)
        panel.changed.connect(self._change)
        panel.chosen.connect(lambda _: self._plot())
        panel.go_to.connect(session.set_playhead)
        session.watches_changed.connect(self._list)
        session.playhead_changed.connect(self._moved)
        session.tape_changed.connect(self._anew)
        session.tape_grew.connect(self._go_on)
        window.docks["watches"].visibilityChanged.connect(self._seen)
        self._list()

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {"watches": self.show}

    def close(self) -> None:
        """End the threads."""
        self.reader.close()
        self.plotter.close()
        self.checker.close()

    def show(self) -> None:
        """Open the list with the keyboard in its field."""
        self._window.show_watches()
        self._panel.field.setFocus()

    def add(self, text: str) -> None:
        """Follow another expression, if it can be read; without a recording anything may be."""
        if self._grew:
            self._index = None
        index = self._current()
        if index is None:
            self._take(text)
        else:
            self.checker.submit(lambda cancelled: (text, _problem(index.names, text)))

    @property
    def texts(self) -> list[str]:
        """The expressions, in their order."""
        return list(self._session.watches)

    # --- within

    def _list(self) -> None:
        self._panel.set_readings([Reading(one, None) for one in self.texts])
        self._read()
        self._plot()

    def _checked(self, result: tuple[str, str]) -> None:
        text, problem = result
        if problem:
            self._panel.refuse(sentence(problem))
        else:
            self._take(text)

    def _take(self, text: str) -> None:
        self._session.set_watches([*self.texts, text])
        self._panel.accept()
        self._panel.choose(len(self.texts) - 1)
        self._plot()

    def _current(self) -> _Index | None:
        tape = self._session.tape
        if tape is None or not len(tape.values):
            return None
        if self._index is None:
            self._index = _Index(tape.snapshot())
        return self._index

    def _remove(self, row: int) -> None:
        self._session.set_watches([*self.texts[:row], *self.texts[row + 1 :]])

    def _change(self, row: int, text: str) -> None:
        given = list(self.texts)
        given[row] = text.strip() or given[row]
        self._session.set_watches(given)
        self._read()

    def _moved(self, playhead: int) -> None:
        self._panel.set_playhead(playhead)
        self._read()

    def _anew(self) -> None:
        self._index, self._grew = None, False
        self._read()
        self._plot()

    def _go_on(self) -> None:
        """Read again what has grown: when this reading is done, not instead of it."""
        self._grew = True
        if not self.reader.busy and not self.plotter.busy and self._panel.isVisible():
            self._anew()

    def _read(self) -> None:
        index = self._current()
        if index is None or not self.texts or not self._panel.isVisible():
            return
        playhead, texts = self._session.playhead, list(self.texts)
        self.reader.submit(lambda cancelled: _readings(index.names, texts, playhead))

    def _plot(self) -> None:
        index, row = self._current(), self._panel.row()
        if index is None or not 0 <= row < len(self.texts):
            self._panel.set_plot(None)
            return
        text = self.texts[row]
        self.plotter.submit(lambda cancelled: (text, _over_time(index.names, text, cancelled)))

    def _show(self, readings: Sequence[Reading]) -> None:
        if [one.text for one in readings] == self.texts:
            self._panel.set_readings(readings)
            self.read.emit()
        self._catch_up()

    def _show_plot(self, result: tuple[str, Plot | None]) -> None:
        text, plot = result
        row = self._panel.row()
        if 0 <= row < len(self.texts) and self.texts[row] == text:
            self._panel.set_plot(plot)
            self._panel.set_playhead(self._session.playhead)
            self.plotted.emit()
        self._catch_up()

    def _seen(self, visible: bool) -> None:
        """What grew while the list was hidden is read when it is shown."""
        if visible and self._grew:
            self._anew()

    def _catch_up(self) -> None:
        if self._grew:
            self._go_on()

    def _failed(self, error: Exception) -> None:
        raise error  # ours: the report dialog shows it


class _Index:
    """A tape that does not grow, and the index of its names, made where it is first asked for."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    @cached_property
    def names(self) -> Names:
        return Names(self._tape)


def _problem(names: Names, text: str) -> str:
    """Return why an expression cannot be read, "" if it can."""
    try:
        Watch(text, names)
    except ConditionError as error:
        return str(error)
    return ""


def _readings(names: Names, texts: Sequence[str], playhead: int) -> list[Reading]:
    found = []
    for text in texts:
        try:
            found.append(Reading(text, Watch(text, names).at(playhead)))
        except Absent:
            found.append(Reading(text, None))
        except ConditionError as error:
            found.append(Reading(text, None, str(error)))
    return found


def _over_time(names: Names, text: str, cancelled: Callable[[], bool]) -> Plot | None:
    try:
        return Watch(text, names).over_time(cancelled)
    except ConditionError:
        return None
