"""What can happen to a file: by accident, or because somebody wants to do harm.

A mutation takes bytes of a tape and a random generator. Those in `DAMAGE` leave checksums as they
are, so that the result must be refused or be the same; those in `FORGERY` repair them, so that it
may be another tape, but must be one.
"""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable

import numpy as np

from engine.tape.bits import STORED
from tests.fuzz.members import Part, put_together, rows_of, table_of, take_apart, with_rows

Mutation = Callable[[bytes, random.Random], bytes]

#: Numbers that break what counts, multiplies or indexes.
_ABSURD = (
    -1, -2, 0, 1, 2, 7, 63, 64, 65, 255, 2**15, 2**16, 2**24, 2**31 - 1, -(2**31), 2**32, 2**40,
    2**53, 2**62, 2**63 - 1, -(2**63),
)  # fmt: skip
_FLOATS = (float("nan"), float("inf"), float("-inf"), -1.0, 1e308, 5e-324, -0.0)
_BAD_NAMES = (
    "../../evil", "/etc/passwd", "segments/../../x.npy", "C:\\x", "a" * 64, "manifest.json",
    "segments/99999999/events.npy", "segments/00000000/evil.npy", "payloads/00000007.bin", "",
    "summary.json", "mimetype", "segments/00000000/texts.json",
)  # fmt: skip


# -- damage: checksums as they were ------------------------------------------------------------


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def drop_block(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.randrange(1, 4096) :]


def repeat_block(data: bytes, chance: random.Random) -> bytes:
    at, to = chance.randrange(len(data)), chance.randrange(len(data))
    return data[:to] + data[at : at + chance.randrange(1, 4096)] + data[to:]


def overwrite_block(data: bytes, chance: random.Random) -> bytes:
    at, size = chance.randrange(len(data)), chance.choice((1, 4, 8, 64, 512, 4096))
    block = chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size)))
    return data[:at] + block[: len(data) - at] + data[at + size :]


def append_rubbish(data: bytes, chance: random.Random) -> bytes:
    return data + chance.choice((chance.randbytes(100), data, data[-500:], bytes(1000)))


def swap_members(data: bytes, chance: random.Random) -> bytes:
    parts, finished = take_apart(data)
    a, b = chance.randrange(len(parts)), chance.randrange(len(parts))
    parts[a], parts[b] = parts[b], parts[a]
    return put_together(parts, finished)


def swap_contents(data: bytes, chance: random.Random) -> bytes:
    parts, finished = take_apart(data)
    a, b = chance.randrange(len(parts)), chance.randrange(len(parts))
    one, other = parts[a], parts[b]
    parts[a], parts[b] = Part(one.name, other.data), Part(other.name, one.data)
    return put_together(parts, finished)


def drop_member(data: bytes, chance: random.Random) -> bytes:
    parts, finished = take_apart(data)
    del parts[chance.randrange(len(parts))]
    return put_together(parts, finished)


def double_member(data: bytes, chance: random.Random) -> bytes:
    parts, finished = take_apart(data)
    parts.insert(chance.randrange(len(parts) + 1), chance.choice(parts))
    return put_together(parts, finished)


def rename_member(data: bytes, chance: random.Random) -> bytes:
    parts, finished = take_apart(data)
    at = chance.randrange(len(parts))
    parts[at] = Part(chance.choice(_BAD_NAMES), parts[at].data)
    return put_together(parts, finished)


def number_in_header(data: bytes, chance: random.Random) -> bytes:
    """An absurd number somewhere in a local header, the directory, or anywhere else."""
    signs = [at for at in range(len(data) - 4) if data[at : at + 2] == b"PK"]
    at = chance.choice(signs) + chance.randrange(0, 80)
    packed = struct.pack("<q", chance.choice(_ABSURD))[: chance.choice((2, 4, 8))]
    return data[:at] + packed + data[at + len(packed) :]


def zip_bomb(data: bytes, chance: random.Random) -> bytes:
    """The same members, deflated; one of them blown up."""
    parts, _ = take_apart(data)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/x-tapedeck-tape", zipfile.ZIP_STORED)
        bomb = chance.randrange(len(parts))
        for number, (name, content) in enumerate(parts):
            archive.writestr(name, content + bytes(4 << 20) if number == bomb else content)
    return packed.getvalue()


DAMAGE: tuple[Mutation, ...] = (
    flip_bits, flip_bits, truncate, drop_block, repeat_block, overwrite_block, append_rubbish,
    swap_members, swap_contents, drop_member, double_member, rename_member, number_in_header,
    zip_bomb,
)  # fmt: skip


# -- forgery: checksums repaired ---------------------------------------------------------------


def _tables(parts: list[Part]) -> list[int]:
    return [i for i, part in enumerate(parts) if table_of(part) and len(rows_of(part))]


def change_cell(data: bytes, chance: random.Random) -> bytes:
    """Another number in one row, or in several, of one column."""
    parts, finished = take_apart(data)
    at = chance.choice(_tables(parts))
    rows = rows_of(parts[at])
    column = chance.choice(rows.dtype.names)
    for _ in range(chance.choice((1, 1, 1, 3))):
        row = chance.randrange(len(rows))
        rows[column][row] = _other(rows[column][row], rows[column], chance)
    parts[at] = with_rows(parts[at], rows)
    return put_together(parts, finished)


def _other(value: np.generic, column: np.ndarray, chance: random.Random) -> np.generic:
    """Return a number that the column can hold: absurd, near, or that of another row."""
    kind = column.dtype
    if kind.kind == "f":
        return kind.type(chance.choice((*_FLOATS, float(chance.choice(column)))))
    info = np.iinfo(kind)
    wish = chance.choice((
        chance.choice(_ABSURD), int(value) + chance.choice((-1, 1)), int(chance.choice(column)),
        chance.randrange(64), int(column.max()) + 1,
    ))  # fmt: skip
    return kind.type(min(max(wish, int(info.min)), int(info.max)))


def change_column(data: bytes, chance: random.Random) -> bytes:
    """A whole column rolled, reversed, or one number throughout: cycles and dangling references."""
    parts, finished = take_apart(data)
    at = chance.choice(_tables(parts))
    rows = rows_of(parts[at])
    column = chance.choice(rows.dtype.names)
    old = rows[column].copy()
    rows[column] = chance.choice((np.roll(old, 1), old[::-1], np.full_like(old, old[0])))
    parts[at] = with_rows(parts[at], rows)
    return put_together(parts, finished)


def change_rows(data: bytes, chance: random.Random) -> bytes:
    """Rows dropped, doubled or in another order, with the segment's count of them as it is now."""
    parts, finished = take_apart(data)
    at = chance.choice(_tables(parts))
    rows, row = rows_of(parts[at]), chance.randrange(1 << 30)
    row %= len(rows)
    rows = chance.choice((
        np.delete(rows, row), np.insert(rows, row, rows[row]), rows[::-1].copy(), rows[:row],
        np.concatenate([rows, rows[row:]]),
    ))  # fmt: skip
    parts[at] = with_rows(parts[at], rows)
    return put_together(_recounted(parts, at, len(rows)), finished)


def _recounted(parts: list[Part], at: int, rows: int) -> list[Part]:
    """Let the segment's texts.json say how many rows the table has."""
    name = f"{parts[at].name[:17]}/texts.json"
    for i, part in enumerate(parts):
        if part.name == name:
            record = json.loads(part.data)
            record["rows"][table_of(parts[at])] = rows
            parts[i] = Part(name, json.dumps(record).encode())
    return parts


def huge_shapes(data: bytes, chance: random.Random) -> bytes:
    """Dimensions beyond all memory; with uniform arrays, which need no bytes for them."""
    parts, finished = take_apart(data)
    uniform = chance.random() < 0.5
    size = chance.choice((-1, 2**20, 2**31, 2**40, 2**62, 2**63 - 1))
    for i in _tables(parts):
        rows = rows_of(parts[i])
        if table_of(parts[i]) == "dims":
            chosen = np.array([chance.random() < 0.3 for _ in rows])
            rows["size"] = np.where(chosen | uniform, size, rows["size"])
        elif table_of(parts[i]) == "arrays" and uniform:
            rows["flags"] = 2
            rows["nbytes"] = [STORED[code].itemsize for code in rows["dtype"]]
        else:
            continue
        parts[i] = with_rows(parts[i], rows)
    return put_together(parts, finished)


def wrong_dtype(data: bytes, chance: random.Random) -> bytes:
    """A table whose .npy header names other columns, objects, another order or length."""
    parts, finished = take_apart(data)
    at = chance.choice(_tables(parts))
    head = chance.choice((
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': [('a', '<U99999999')], 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f8', 'fortran_order': True, 'shape': (99999999999999, 9999999999), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        "(" * 8000, "-" * 8000 + "1", "[" * 4000 + "]" * 4000, "__import__('os').abort()",
        "9" * 8000, "'" + "\\N{BULLET}" * 700 + "'", "{" * 100 + "}" * 100,
    ))  # fmt: skip
    text = head.encode() + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + parts[at].data[-400:]
    parts[at] = Part(parts[at].name, content)
    return put_together(parts, finished)


def strange_json(data: bytes, chance: random.Random) -> bytes:
    """A JSON member that is deep, huge, of other types, or no JSON."""
    parts, finished = take_apart(data)
    at = chance.choice([i for i, part in enumerate(parts) if part.name.endswith(".json")])
    value = json.loads(parts[at].data)
    key = chance.choice(list(value) or ["texts"])
    odd = chance.choice((None, 1, -1, "", [], {}, 1e999, [None], "x" * 10_000, [[1]], {"a": {}}))
    content = chance.choice((
        json.dumps({**value, key: odd}), "[" * 200_000, '{"a":' * 100_000,
        json.dumps({k: v for k, v in value.items() if k != key}), "", "null", "\ufeff{}",
        "9" * 9999,
        '{"texts": [' + "{}," * 2_000_000 + "{}]}", json.dumps({**value, "more": odd}),
    ))  # fmt: skip
    parts[at] = Part(parts[at].name, content.encode())
    return put_together(parts, finished)


def strange_texts(data: bytes, chance: random.Random) -> bytes:
    """Texts that break what shows, parses or writes them."""
    parts, finished = take_apart(data)
    at = chance.choice([i for i, part in enumerate(parts) if part.name.endswith("texts.json")])
    record = json.loads(parts[at].data)
    odd = (
        "", "\ud800", "\0", "\x1b[2J", "<b>&\"'", "a\nb\r\n", "[" * 50_000, "{" * 100, "é\u202e",
        "x" * 300_000, '{"a": ' + "9" * 6000 + "}", "..", "(" * 1000, "AccumulateGrad",
        "\x0c\u2028",
    )  # fmt: skip
    for i in range(len(record["texts"])):
        if chance.random() < 0.3:
            record["texts"][i] = chance.choice(odd)
    parts[at] = Part(parts[at].name, json.dumps(record).encode())
    return put_together(parts, finished)


def change_payload(data: bytes, chance: random.Random) -> bytes:
    """Other bytes in a payload, with the member's checksum right and the array's not."""
    parts, finished = take_apart(data)
    at = chance.choice([i for i, part in enumerate(parts) if part.name.endswith(".bin")])
    parts[at] = Part(parts[at].name, flip_bits(parts[at].data, chance))
    return put_together(parts, finished)


def several(data: bytes, chance: random.Random) -> bytes:
    """Two or three forgeries, one upon the other."""
    for _ in range(chance.choice((2, 3))):
        data = chance.choice((change_cell, change_column, change_rows))(data, chance)
    return data


FORGERY: tuple[Mutation, ...] = (
    change_cell, change_cell, change_cell, change_cell, change_column, change_column, change_rows,
    huge_shapes, wrong_dtype, strange_json, strange_texts, change_payload, several,
)  # fmt: skip
