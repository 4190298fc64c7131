"""A tape: random access to everything that one run recorded."""

from __future__ import annotations

import copy
import math
import threading
import zlib
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape import bits, sums
from engine.tape.cache import ArrayCache
from engine.tape.errors import NotKept, TapeError
from engine.tape.freed import Releases
from engine.tape.grouped import Grouped
from engine.tape.schema import DTYPES, TABLES, ArrayFlag
from engine.tape.statistics import Statistics
from engine.tape.storage.save import save_copy
from engine.tape.storage.segments import Segment, SegmentReader
from engine.tape.storage.source import FileSource
from engine.tape.storage.source import Source as Bytes
from engine.tape.tables import Tables

__all__ = ["NotKept", "Source", "Tape", "TapeError"]

Array = NDArray[Any]
Progress = Callable[[int, int], object]  # what is done, of how much
Rows = NDArray[np.void]

# As plain ints: members of enums cost more to ask for.
_SUMMARY, _UNIFORM, _COLUMNS, _LOST = (int(flag) for flag in ArrayFlag)
_AT_ONCE = 1 << 18  # rows that are checked together: a long run has many small segments


class Source(NamedTuple):
    """Where in the person's code something happened: line from 1, cell its key or ""."""

    file: str
    line: int
    cell: str
    function: str


class _Known(NamedTuple):
    """What was read and found whole: all tables, and how far the reader had come."""

    rows: dict[str, Rows]
    end: int
    members: int
    summary: dict[str, Any] | None


class Tape:
    """The record of one run, complete or still growing; see `engine.tape.schema` for its tables.

    Each table is an attribute of its name: a read-only structured array that `refresh` replaces by
    a longer one. A Tape belongs to one thread; only `absorb` may run on another.
    """

    events: Rows
    values: Rows
    ops: Rows
    inputs: Rows
    nodes: Rows
    edges: Rows
    saved: Rows
    passes: Rows
    roots: Rows
    ends: Rows
    steps: Rows
    contributions: Rows
    cotangents: Rows
    grads: Rows
    marks: Rows
    cells: Rows
    names: Rows
    scopes: Rows
    locs: Rows
    shapes: Rows
    dims: Rows
    arrays: Rows
    statistics: Rows
    reads: Rows

    def __init__(
        self, source: Bytes, partial: bool = False, progress: Progress = lambda done, total: None
    ) -> None:
        self._source, self._partial = source, partial
        self.damage: TapeError | None = None
        self._reader = SegmentReader(source)
        self._tables = Tables(source.name)
        self._cache = ArrayCache()
        self._shapes: dict[int, tuple[int, ...]] = {}
        self._shape_sizes: NDArray[np.int64] = np.zeros(0, np.int64)
        self._names_of = Grouped()
        self.grads_of, self._statistics_of = Grouped(), Grouped()
        self.releases = Releases()
        self.sums = ArrayCache()
        self._reading, self._closed = threading.Lock(), False
        self._known = self._shown = self._know()
        self.refresh(progress)

    @classmethod
    def open(
        cls, path: Path | str, partial: bool = False,
        progress: Progress = lambda done, total: None,
    ) -> Tape:  # fmt: skip
        """Open a saved file or a growing spool; TapeError names the file and the place in it.

        partial: take a damaged file up to its damage, which `damage` tells then. progress: is
        called with the bytes that were read and all there are; what it raises ends the reading.
        """
        source = FileSource(Path(path))
        try:
            return cls(source, partial, progress)
        except BaseException:
            source.close()
            raise

    def refresh(self, progress: Progress = lambda done, total: None) -> bool:
        """Read what was appended since; return whether something was."""
        try:
            self.absorb(progress)
        finally:
            grew = self.publish()
        return grew

    def absorb(self, progress: Progress = lambda done, total: None) -> None:
        """Read and check what was appended since, on any thread: `publish` shows it."""
        with self._reading:
            if self._closed:
                return
            try:
                while self.damage is None and (segments := self._reader.several(_AT_ONCE)):
                    self._take(segments)
                    progress(self._reader.end, self._source.size())
            except TapeError as error:
                if not self._partial:
                    raise
                self.damage = error
            finally:
                self._known = self._know()

    def publish(self) -> bool:
        """Let the tables be what was absorbed; return whether there are more events by now."""
        before, self._shown = len(self._shown.rows["events"]), self._known
        for name, rows in self._shown.rows.items():
            setattr(self, name, rows)
        return len(self.events) > before

    def _know(self) -> _Known:
        rows = {name: self._tables.rows(name) for name in TABLES}
        return _Known(rows, self._reader.end, len(self._reader.members), self._reader.summary)

    def _take(self, segments: list[Segment]) -> None:
        try:
            self._tables.take(segments)
        except TapeError:
            if not self._partial:
                raise
            for segment in segments:
                self._take_before_damage(segment)

    def _take_before_damage(self, segment: Segment) -> None:
        try:
            self._tables.take([segment])
        except TapeError:
            self._reader.cut(segment)
            raise

    def snapshot(self) -> Tape:
        """Return the tape as it is now, for a reader on another thread: it does not grow.

        It reads through this tape's open file, and is of no use once this one is closed.
        """
        frozen = copy.copy(self)
        frozen._cache, frozen.sums = ArrayCache(), ArrayCache()
        frozen._names_of, frozen.grads_of = Grouped(), Grouped()
        frozen._statistics_of = Grouped()
        frozen.releases = Releases()
        frozen._shapes = dict(self._shapes)
        frozen._reader = self._reader.snapshot(*self._shown[1:])
        return frozen

    @property
    def size(self) -> int:
        """The bytes that its file has by now."""
        return self._source.size()

    @property
    def manifest(self) -> dict[str, Any]:
        """What the recording says about itself: format, version, schema, environment."""
        return self._reader.manifest

    @property
    def summary(self) -> dict[str, Any] | None:
        """What `engine.tape.summary` found when the recording was finished; None before."""
        return self._reader.summary

    @property
    def complete(self) -> bool:
        """Whether the recording was finished, not cut off and not still growing."""
        return self._reader.complete and self.damage is None

    @property
    def file(self) -> str:
        """The path it was opened from, or words for a recording in memory."""
        return self._source.name

    @property
    def n_texts(self) -> int:
        """How many interned texts there are."""
        return len(self._tables.texts)

    def text(self, i: int) -> str:
        """Return an interned text; "" for -1."""
        return self._tables.texts[i] if i >= 0 else ""

    def texts(self) -> list[str]:
        """Return all interned texts; a text column indexes them."""
        return self._tables.texts

    def shape(self, i: int) -> tuple[int, ...]:
        shape = self._shapes.get(i)
        if shape is None:
            first, count = self.shapes[i].item()
            shape = tuple(self.dims["size"][first : first + count].tolist())
            self._shapes[i] = shape
        return shape

    @property
    def shape_sizes(self) -> NDArray[np.int64]:
        """The number of elements of each row of `shapes`."""
        if len(self._shape_sizes) < len(self.shapes):
            rows = range(len(self._shape_sizes), len(self.shapes))
            more = [math.prod(self.shape(row)) for row in rows]
            self._shape_sizes = np.concatenate([self._shape_sizes, np.array(more, np.int64)])
        return self._shape_sizes

    @property
    def same_shapes(self) -> NDArray[np.int64]:
        """For each row of `shapes` the first row with the same dimensions."""
        return self._tables.forms

    def payload_start(self, segment: int) -> int:
        """Return where in the file the data of a payload member begins, in bytes."""
        return self._tables.payloads[segment].start

    def read_bytes(self, at: int, count: int) -> bytes:
        """Return bytes of the file; fewer only at its end."""
        return self._source.read(at, count)

    def array(self, i: int) -> Array:
        """Return a row of `arrays` as a read-only ndarray; bfloat16 comes as float32."""
        array = self._cache.get(i)
        if array is None:
            array = self._read(i)
            array.flags.writeable = False
            self._cache.put(i, array)
        return array

    def value(self, v: int) -> Array | None:
        """Return the content of a row of `values`; None where only statistics were kept."""
        index = int(self.values["array"][v])
        if index < 0:
            return sums.of_value(self, v)
        if self.arrays["flags"][index] & _SUMMARY:
            return None
        return self.array(index)

    def statistics_of(self, i: int) -> Statistics | None:
        """Return what was kept of a row of `arrays` whose elements were not; None for nothing."""
        rows = self._statistics_of.rows(self.statistics["array"], i)
        return Statistics(*self.statistics[rows[0]].item()[1:]) if rows else None

    def value_shape(self, v: int) -> tuple[int, ...]:
        return self.shape(int(self.values["shape"][v]))

    def value_dtype(self, v: int) -> str:
        return DTYPES[int(self.values["dtype"][v])]

    def name_of(self, tensor: int, playhead: int | None = None) -> str | None:
        """Return a tensor's name as it held at the playhead, or else the next one it got."""
        rows = self._names_of.rows(self.names["tensor"], tensor)
        if not rows:
            return None
        which = len(rows)
        if playhead is not None:
            which = bisect_left(rows, playhead, key=lambda row: int(self.names["event"][row]))
        return self.text(int(self.names["text"][rows[max(which - 1, 0)]]))

    def label(self, v: int) -> str:
        """Return the name of the value's tensor: "w", "w.grad", "t3" where it has none."""
        row = self.values[v]
        name = self.name_of(int(row["tensor"]))
        if name is not None:
            return name
        if row["grad_of"] >= 0:
            return f"{self.tensor_label(int(row['grad_of']))}.grad"
        return f"t{row['tensor']}"

    def tensor_label(self, tensor: int) -> str:
        """Return the name of a tensor, or "t3"."""
        return self.name_of(tensor) or f"t{tensor}"

    def source(self, loc: int) -> Source | None:
        """Return the place in the code that a `loc` column names; None for -1."""
        if loc < 0:
            return None
        file, line, function, cell = self.locs[loc].item()
        key = self.text(int(self.cells["key"][cell])) if cell >= 0 else ""
        return Source(self.text(file), line, key, self.text(function))

    def save(self, path: Path | str, progress: Progress = lambda done, total: None) -> None:
        """Write the tape as it is now to a file, which is whole whatever happens.

        progress: is called with the bytes that were written and all there are; what it raises
        leaves the file at `path` as it was.
        """
        from engine.tape.summary import summarize

        save_copy(self._source, self._reader, Path(path), lambda: summarize(self), progress)

    def close(self) -> None:
        with self._reading:
            self._closed = True
            self._source.close()

    def _read(self, i: int) -> Array:
        segment, offset, nbytes, dtype, shape, crc, flags = self.arrays[i].item()
        if flags & _SUMMARY:
            lost = "its bytes were damaged, and are left out"
            problem = lost if flags & _LOST else "only statistics were kept"
            raise NotKept(self.file, i, problem)
        stored, dims = bits.STORED[dtype], self.shape(shape)
        count = 1 if flags & _UNIFORM else math.prod(dims)
        if count * stored.itemsize != nbytes:
            raise self._wrong(i, f"{nbytes} bytes do not fill the shape {dims}")
        data = self._source.read(self._tables.payloads[segment].start + offset, nbytes)
        if len(data) != nbytes or zlib.crc32(data) != crc:
            raise self._wrong(i, "its checksum does not match its data")
        array: Array = np.frombuffer(data, stored)
        if dtype == bits.BFLOAT16:
            array = bits.widen(array)
        if flags & _UNIFORM:
            return np.broadcast_to(array.reshape(()), dims)
        if flags & _COLUMNS:
            return array.reshape(dims[::-1]).T
        return array.reshape(dims)

    def _wrong(self, i: int, problem: str) -> TapeError:
        return TapeError(self.file, f"arrays row {i}", problem)
