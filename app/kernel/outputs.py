"""What a cell has put out, as nbformat-4 outputs: merged, limited, ready to be shown in batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from app.kernel.messages import Output, OutputLimit

#: Characters of an error's text and of a line of its traceback that are kept.
ERROR_CHARACTERS = 100_000


class _Stream:
    """Text printed to one stream without anything between; `sent` pieces have been shown."""

    __slots__ = ("name", "pieces", "sent")

    def __init__(self, name: str) -> None:
        self.name = name
        self.pieces: list[str] = []
        self.sent = 0

    def take(self) -> Output | None:
        text = "".join(self.pieces[self.sent :])
        self.pieces = ["".join(self.pieces)]  # one piece, so that a long stream stays short
        self.sent = 1
        return {"output_type": "stream", "name": self.name, "text": text} if text else None


class CellOutputs:
    """Collects the outputs of one run of a cell; `take` gives what is new.

    Printed text beyond the limit's first half goes to a tail of the same size, which comes with a
    note of what was left out when the cell ends. Nothing grows beyond the limit.
    """

    def __init__(self, limit: OutputLimit | None = None) -> None:
        self.limit = limit or OutputLimit()
        self.error_seen = False
        self._reset()

    def _reset(self) -> None:
        self._entries: list[_Stream | Output] = []
        self._displays: dict[str, list[int]] = {}
        self._next = 0  # the first entry that is not completely shown
        self._cleared = self._clear_next = False
        self._characters = self._outputs = self._data = 0
        self._tail: deque[tuple[str, str]] | None = None
        self._tail_size = self._left_characters = self._left_outputs = 0
        self.left_lines = 0

    def feed(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take an iopub message; kinds that are no output are ignored."""
        if kind == "clear_output":
            self._clear(bool(content.get("wait")))
            return
        if kind not in ("stream", "display_data", "execute_result", "error"):
            return
        if self._clear_next:
            self._clear(False)
        if kind == "stream":
            self._print(str(content.get("name", "stdout")), str(content.get("text", "")))
        elif kind == "error":
            self.error_seen = True
            self.end()
            self._entries.append(_error_output(content))
        else:
            self._display(kind, content)

    def leave_out(self, size: int) -> None:
        """Note an output that is too large to be shown at all."""
        self.feed("stream", {"name": "stderr", "text": f"[an output of {size:,} bytes left out]\n"})

    def update(self, display: str, content: Mapping[str, Any]) -> None:
        """Change the outputs that were displayed under this id; the cell is shown anew."""
        for index in self._displays.get(display, ()):
            entry = self._entries[index]
            assert isinstance(entry, dict)
            new = _display_output(entry["output_type"], content)
            self._entries[index] = {**entry, "data": new["data"], "metadata": new["metadata"]}
            self._show_again()

    def take(self) -> tuple[bool, list[Output]]:
        """Return whether what was shown before is void, and the outputs to add."""
        cleared, self._cleared = self._cleared, False
        outputs: list[Output] = []
        for entry in self._entries[self._next :]:
            output = entry.take() if isinstance(entry, _Stream) else entry
            if output is not None:
                outputs.append(output)
        last_is_stream = bool(self._entries) and isinstance(self._entries[-1], _Stream)
        self._next = len(self._entries) - last_is_stream
        return cleared, outputs

    def end(self) -> None:
        """Bring out the tail and the note of what was left out: no more is to come, or an error."""
        tail, self._tail = self._tail, None
        note = self._note()
        self._left_characters = self._left_outputs = self.left_lines = self._tail_size = 0
        if note:
            self._stream("stderr", note)
        for name, text in tail or ():
            self._stream(name, text)

    def displays(self) -> list[str]:
        """Return the display ids that this cell's outputs have."""
        return list(self._displays)

    def _note(self) -> str:
        left = []
        if self._left_characters:
            left.append(f"{self.left_lines:,} lines ({self._left_characters:,} characters)")
        if self._left_outputs:
            left.append(f"{self._left_outputs:,} outputs")
        return f"\n[… {' and '.join(left)} left out …]\n" if left else ""

    def _print(self, name: str, text: str) -> None:
        half = self.limit.characters // 2
        room = half - self._characters
        if self._tail is None:
            head, text = text[:room], text[room:]
            self._characters += len(head)
            self._stream(name, head)
            if not text:
                return
            self._tail = deque()
        self._tail.append((name, text))
        self._tail_size += len(text)
        while self._tail_size > half:
            stream, first = self._tail.popleft()
            dropped, kept = first[: self._tail_size - half], first[self._tail_size - half :]
            self._left_characters += len(dropped)
            self.left_lines += dropped.count("\n")
            self._tail_size -= len(dropped)
            if kept:
                self._tail.appendleft((stream, kept))

    def _stream(self, name: str, text: str) -> None:
        if not text:
            return
        last = self._entries[-1] if self._entries else None
        if not isinstance(last, _Stream) or last.name != name:
            last = _Stream(name)
            self._entries.append(last)
        last.pieces.append(text)

    def _display(self, kind: str, content: Mapping[str, Any]) -> None:
        size = sum(len(str(value)) for value in content.get("data", {}).values())
        if self._outputs >= self.limit.outputs or self._data + size > self.limit.data:
            self._left_outputs += 1
            return
        self._outputs += 1
        self._data += size
        display = (content.get("transient") or {}).get("display_id")
        if display:
            self._displays.setdefault(display, []).append(len(self._entries))
        self._entries.append(_display_output(kind, content))

    def _clear(self, wait: bool) -> None:
        if wait:
            self._clear_next = True
            return
        error_seen = self.error_seen
        self._reset()
        self.error_seen = error_seen
        self._cleared = True

    def _show_again(self) -> None:
        self._cleared = True
        self._next = 0
        for entry in self._entries:
            if isinstance(entry, _Stream):
                entry.sent = 0


def append_outputs(outputs: list[Output], new: Iterable[Output]) -> None:
    """Append outputs; text that continues a stream joins it, as a notebook file keeps it."""
    for output in new:
        last = outputs[-1] if outputs else {}
        streams = last.get("output_type") == output["output_type"] == "stream"
        if streams and last["name"] == output["name"]:
            outputs[-1] = {**last, "text": last["text"] + output["text"]}
        else:
            outputs.append(output)


def _display_output(kind: str, content: Mapping[str, Any]) -> Output:
    output: Output = {
        "output_type": kind,
        "data": dict(content.get("data") or {}),
        "metadata": dict(content.get("metadata") or {}),
    }
    if kind == "execute_result":
        output["execution_count"] = content.get("execution_count")
    return output


def _error_output(content: Mapping[str, Any]) -> Output:
    return {
        "output_type": "error",
        "ename": str(content.get("ename", "")),
        "evalue": str(content.get("evalue", ""))[:ERROR_CHARACTERS],
        "traceback": [str(line)[:ERROR_CHARACTERS] for line in content.get("traceback", [])],
    }
