"""Between the console and the kernel: the same names and the same recording as the notebook's."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.controller.assisting import Assisting
from app.controller.pausing import Pausing
from app.kernel.client import Reply
from app.runs import Runs
from app.session import Session
from app.window import Window

PREFIX = "console-"
AWAY = "No kernel runs: choose Run > Restart Kernel first.\n"


class ConsoleBinding(QObject):
    """Runs what is written in the console, after what runs already, and shows what comes of it."""

    def __init__(self, session: Session, runs: Runs, window: Window, pausing: Pausing) -> None:
        super().__init__(window)
        self._session = session
        session.tape_changed.connect(self._begin)
        self._pausing = pausing
        self._paused_key = ""  # of what runs with a paused program's variables
        pausing.said.connect(self._said)
        self._runs, self._window, self._view = runs, window, window.console
        self._number = 0
        self._prompt = ("", False)
        self.assisting = Assisting(runs.kernel, self._view.assist)
        self._view.run_requested.connect(self._run)
        self._view.input_given.connect(self._answer)
        self._view.place_clicked.connect(window.notebook.go_to_place)
        kernel = runs.kernel
        kernel.started_cell.connect(lambda key, n: self._view.set_status(key, "running", n))
        kernel.outputs.connect(self._view.add_outputs)
        kernel.cleared.connect(self._view.clear_outputs)
        kernel.finished.connect(self._finished)
        kernel.input_requested.connect(self._ask)

    def _begin(self) -> None:
        """Begin anew with another document: what was said before was of another world."""
        if self._session.tape is None:
            self._view.clear()

    def open(self) -> None:
        """Show the console with the keyboard in it."""
        self._window.show_console()
        self._view.prompt.setFocus()

    def _run(self, source: str) -> None:
        self._number += 1
        key = f"{PREFIX}{self._number}"
        self._view.add_entry(key, source)
        if self._pausing.paused:
            self._paused_key = key
            self._pausing.run(source)
        elif self._runs.kernel.state in ("dead", "stopped"):
            away = {"output_type": "stream", "name": "stderr", "text": AWAY}
            self._view.add_outputs(key, [away])
            self._view.set_status(key, "error")
        else:
            self._runs.kernel.execute(key, source, may_raise=True)

    def _said(self, text: str) -> None:
        if text:
            said = {"output_type": "stream", "name": "stdout", "text": text}
            self._view.add_outputs(self._paused_key, [said])
        self._view.set_status(self._paused_key, "ok")

    def _finished(self, key: str, reply: Reply) -> None:
        self._view.set_status(key, "ok" if reply.status == "ok" else "error")

    def _ask(self, key: str, prompt: str, password: bool) -> None:
        if self._view.knows(key):
            self._prompt = (prompt, password)
            self._view.ask_input(key, prompt, password)

    def _answer(self, key: str, text: str) -> None:
        prompt, secret = self._prompt
        self._view.ask_input(key, None)
        if not secret:
            line = f"{prompt}{text}\n"
            self._view.add_outputs(key, [{"output_type": "stream", "name": "stdout", "text": line}])
        self._runs.kernel.reply_input(text)
