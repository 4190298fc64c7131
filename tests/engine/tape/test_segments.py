"""Segments: read whole or not at all, as they appear; what cannot be is refused by name."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pytest
from handmade import DELTA, FIRST, SECOND, W, X, write

from engine.tape import replay
from engine.tape.schema import TABLES, Event, GradChange, Mark
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape, TapeError


def tape_of(data: bytearray) -> Tape:
    return Tape(MemorySource(data))


def test_a_tape_reads_back_what_was_written() -> None:
    tape = tape_of(write())
    assert tape.complete
    for name in TABLES:
        rows = [*FIRST.get(name, []), *SECOND.get(name, [])]
        assert getattr(tape, name).tolist() == np.array(rows, TABLES[name]).tolist()
    assert tape.value(0).tolist() == W.tolist()
    assert tape.value(2).tolist() == (W * X).tolist()
    assert tape.value(3).tolist() == DELTA.tolist(), "rebuilt from its one contribution"
    assert (tape.label(0), tape.label(1), tape.label(3)) == ("w", "t1", "w.grad")
    assert tape.value_dtype(0) == "float32"
    assert tape.value_shape(0) == (2,)


def test_numpy_loads_every_table_without_pickle() -> None:
    with zipfile.ZipFile(io.BytesIO(bytes(write()))) as archive:
        tables = [name for name in archive.namelist() if name.endswith(".npy")]
        assert len(tables) == len(FIRST) + len(SECOND)
        for name in tables:
            rows = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
            assert rows.dtype == TABLES[name[18:-4]]


def test_tables_and_arrays_are_read_only() -> None:
    tape = tape_of(write())
    for array in (tape.events, tape.value(0), tape.value(3)):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_a_growing_tape_is_followed_segment_by_segment() -> None:
    whole = write()
    one = len(write(second=None, finish=False))
    growing = bytearray(whole[:one])
    tape = tape_of(growing)
    assert (len(tape.events), tape.complete) == (4, False)
    early = tape.events
    assert not tape.refresh()
    growing += whole[one : one + 100]
    assert not tape.refresh(), "half a segment is none"
    growing += whole[one + 100 :]
    assert tape.refresh()
    assert (len(tape.events), tape.complete) == (9, True)
    assert early.tolist() == tape.events[:4].tolist()
    assert not tape.refresh()


def test_every_truncation_gives_whole_segments_or_an_error() -> None:
    data = write()
    seen = set()
    for length in range(0, len(data), 29):
        try:
            tape = tape_of(data[:length])
        except TapeError:
            continue
        seen.add(len(tape.events))
        assert replay.state_at(tape, 99).playhead == len(tape.events)
    assert seen == {0, 4, 9}


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "problem"),
    [
        ("values", 0, "shape", 7, "values row 0: shape points outside"),
        ("values", 2, "op", -2, "values row 2: op points outside"),
        ("values", 1, "dtype", 99, "values row 1: dtype is no known dtype"),
        ("values", 1, "event", 0, "values row 1: event goes back in time"),
        ("ops", 0, "n_in", 2**31 - 1, "ops row 0: in0 spans rows that are not there"),
        ("ops", 0, "out0", -1, "ops row 0: out0 spans rows that are not there"),
        ("ops", 0, "name", 900, "ops row 0: name points outside"),
        ("inputs", 0, "value", 2, "ops row 0: value depends on what came later"),
        ("nodes", 1, "n_edge", -1, "nodes row 1: edge0 spans rows that are not there"),
        ("edges", 0, "node", 1, "nodes row 1: node depends on what came later"),
        ("edges", 0, "node", 50, "edges row 0: node points outside"),
        ("edges", 0, "nr", -1, "edges row 0: nr points outside"),
        ("scopes", 0, "parent", 0, "scopes row 0: parent is no parent"),
        ("shapes", 0, "n_dim", 65, "shapes row 0: dim0 spans rows that are not there"),
        ("dims", 0, "size", -1, "dims row 0: size points outside"),
        ("arrays", 1, "segment", 5, "arrays row 1: segment points outside"),
        ("arrays", 1, "offset", 2**62, "arrays row 1: it reaches beyond its payload"),
        ("arrays", 1, "nbytes", 2**62, "arrays row 1: it reaches beyond its payload"),
        ("events", 0, "kind", 77, "events row 0: kind is of no known kind"),
        ("events", 3, "ref", 1, "events row 3: ref points outside"),
        ("events", 1, "ref", 1, "events row 1: ref names a row of values that belongs to another"),
        ("marks", 0, "kind", 9, "marks row 0: kind is of no known kind"),
        ("marks", 0, "kind", int(Mark.FREED), "marks row 0: ref points outside"),
    ],
)
def test_rows_that_cannot_be_are_refused(table, row, column, value, problem) -> None:
    first = {name: list(rows) for name, rows in FIRST.items()}
    fields = list(first[table][row])
    fields[TABLES[table].names.index(column)] = value
    first[table][row] = tuple(fields)
    with pytest.raises(TapeError, match="recording in memory: segment 00000000: ") as raised:
        tape_of(write(first, None))
    assert problem in str(raised.value)


def test_an_array_whose_size_is_not_that_of_its_shape_is_refused() -> None:
    first = {**FIRST, "dims": [(2**40,)]}
    with pytest.raises(TapeError, match="arrays row 0: nbytes is not what its shape needs"):
        tape_of(write(first, None))


def test_a_flipped_bit_in_a_payload_is_found_when_the_array_is_read() -> None:
    data = write()
    at = data.index(W.tobytes())
    data[at] ^= 1
    tape = tape_of(data)
    with pytest.raises(TapeError, match="arrays row 0: its checksum does not match"):
        tape.array(0)
    assert tape.array(1).tolist() == X.tolist()


def test_other_formats_and_versions_are_named(monkeypatch) -> None:
    from engine.tape.storage import versions

    def written(**changes: Any) -> bytearray:
        description = {**versions.description(), **changes}
        with monkeypatch.context() as patch:
            patch.setattr(versions, "description", lambda: description)
            return write()

    with pytest.raises(TapeError, match="version 9 is not known here"):
        tape_of(written(version=9))
    with pytest.raises(TapeError, match="its schema is not that of version 1"):
        tape_of(written(version=1))
    data = written(format="other")
    with pytest.raises(TapeError, match="the format is not tapedeck-tape"):
        tape_of(data)


def test_a_uniform_array_is_one_element_for_all() -> None:
    import zlib

    one = np.float32(3).tobytes()
    first = {**FIRST, "arrays": [(0, 8, 4, 0, 0, zlib.crc32(one), 2), *FIRST["arrays"][1:]]}
    assert tape_of(write(first)).array(0).tolist() == [3.0, 3.0]


def test_tables_may_be_empty_that_others_could_refer_to() -> None:
    first = {
        "events": [(Event.LEAF, 0, -1, -1, 0.0), (Event.GRAD, 0, -1, -1, 0.1)],
        "values": [(0, 0, -1, 0, 0, -1, 0, -1, -1, 0, 3, -1, 0)],
        "nodes": [(2, -1, 0, 0, 0, 0, 0, 9, 0)],
        "grads": [(0, GradChange.CLEAR, -1, -1, 1)],
        "scopes": [(-1, -1, -1)], "shapes": [(0, 0)],
    }  # fmt: skip
    assert len(tape_of(write(first, None)).nodes) == 1
