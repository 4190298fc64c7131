"""Between an assistant of code and the kernel: completions, signatures, words about names."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from app.kernel.client import Kernel
from ui.notebook.assist import Assist
from ui.notebook.popups import Completion

_AWAY = {
    "busy": "The kernel is busy: it can tell once it is idle",
    "starting": "The kernel is still starting",
    "dead": "The kernel has ended: restart it first",
    "stopped": "No kernel runs: run a cell first",
}
_KINDS = {"attribute": "", "variable": "", "unknown": "", "<unknown>": ""}


class Assisting(QObject):
    """Asks the kernel while it is idle, and says so when it is not; nothing here waits."""

    def __init__(self, kernel: Kernel, assist: Assist) -> None:
        super().__init__(assist)
        self._kernel, self._assist = kernel, assist
        self._completing = self._inspecting = 0  # the tokens of the newest questions
        assist.completion_requested.connect(self._complete)
        assist.docs_requested.connect(self._inspect)
        kernel.completed.connect(self._completed)
        kernel.inspected.connect(self._inspected)

    def _complete(self, source: str, position: int) -> None:
        if not self._away():
            self._completing = self._kernel.complete(source, position)

    def _inspect(self, name: str) -> None:
        if not self._away():
            self._inspecting = self._kernel.inspect(name, len(name))

    def _away(self) -> bool:
        words = _AWAY.get(self._kernel.state, "")
        if words:
            self._assist.say(words)
        return bool(words)

    def _completed(self, token: int, content: dict[str, Any]) -> None:
        if token == self._completing and content.get("status") == "ok":
            self._assist.show_completions(int(content["cursor_start"]), _items(content))

    def _inspected(self, token: int, content: dict[str, Any]) -> None:
        if token == self._inspecting:
            data = content.get("data") or {}
            self._assist.show_docs(str(data.get("text/plain", "")) if content.get("found") else "")


def _items(content: dict[str, Any]) -> list[Completion]:
    """Return what a complete_reply offers, each text once, with IPython's word for its kind."""
    metadata = content.get("metadata") or {}
    kinds = {
        str(entry.get("text", "")): str(entry.get("type", ""))
        for entry in metadata.get("_jupyter_types_experimental", ())
    }
    texts = dict.fromkeys(str(match) for match in content.get("matches", ()))
    return [
        Completion(text, _KINDS.get(kinds.get(text, ""), kinds.get(text, ""))) for text in texts
    ]
