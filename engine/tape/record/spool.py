"""The spool of a recorder: the growing file, or memory, to which it writes segments."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.tape.record.calm import uninterrupted
from engine.tape.record.environment import environment
from engine.tape.storage.room import Room
from engine.tape.storage.segments import Payload, SegmentWriter
from engine.tape.storage.sink import Bytes, FileSink, MemorySink, Sink
from engine.tape.storage.source import MemorySource
from engine.tape.summary import summarize
from engine.tape.tape import Tape


class Spool:
    """One writer at a time appends segments; anybody may read what is whole."""

    def __init__(self, path: Path | None, most: float) -> None:
        """Begin a new file, or one in memory; most: bytes that a file may have (`storage.room`)."""
        self._path = path
        self._room = None if path is None else Room(path, most)
        self._sink: Sink = MemorySink() if path is None else FileSink(path)
        self._writer = SegmentWriter(self._sink, environment())
        self._one = threading.Lock()
        self._by = 0  # the thread that is writing
        self.finished = False

    @property
    def end(self) -> int:
        """How many bytes are safely written."""
        return self._sink.end

    @property
    def is_mine(self) -> bool:
        """Whether this very thread is writing: a finalizer that runs inside may not."""
        return self._by == threading.get_ident()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Write as the only thread, and to the end: an interrupt waits."""
        with uninterrupted(), self._one:
            self._by = threading.get_ident()
            try:
                yield
            finally:
                self._by = 0

    def append(
        self, tables: Mapping[str, Bytes], texts: list[str], payloads: Sequence[Payload]
    ) -> None:
        """Write a segment; raises NoRoom where the file may not grow, and OSError."""
        if self._room is not None:
            self._room.ask(self._sink.end)
        self._writer.write(tables, texts, payloads)

    def finish(self) -> None:
        """Complete the tape: summary, directory, and everything on the disk."""
        tape = self.read()
        with self._one:
            self.finished = True
            self._writer.finish(summarize(tape))
            self._sink.close()
        tape.close()

    def read(self) -> Tape:
        """Open what is written."""
        if isinstance(self._sink, MemorySink):
            return Tape(MemorySource(self._sink.buffer))
        assert self._path is not None
        return Tape.open(self._path)
