"""A damaged tape gives the same content, whole segments of it marked incomplete, or TapeError."""

from __future__ import annotations

import random

import pytest
from handmade import write

from engine.tape.schema import TABLES
from engine.tape.storage.source import MemorySource
from engine.tape.summary import summarize
from engine.tape.tape import Tape, TapeError


def content(data: bytearray) -> tuple[list[object], bool]:
    tape = Tape(MemorySource(data))
    rows = [getattr(tape, name).tolist() for name in TABLES]
    arrays = [tape.array(i).tolist() for i in range(len(tape.arrays))]
    texts = [tape.text(i) for i in range(7)] if len(tape.events) else []
    return [rows, arrays, texts, summarize(tape)], tape.complete


def flip(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def remove(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 400)]


def repeat(data: bytearray, chance: random.Random) -> None:
    at, to = chance.randrange(len(data)), chance.randrange(len(data))
    data[to:to] = data[at : at + chance.randrange(1, 400)]


def overwrite(data: bytearray, chance: random.Random) -> None:
    at, size = chance.randrange(len(data)), chance.randrange(1, 64)
    data[at : at + size] = chance.randbytes(min(size, len(data) - at))


@pytest.mark.parametrize("mutate", [flip, cut, remove, repeat, overwrite])
def test_damage_is_an_error_or_changes_nothing(mutate) -> None:
    whole = write()
    good, _ = content(whole)
    first_only = content(write(second=None, finish=False))[0]
    empty = 0
    for seed in range(400):
        data = bytearray(whole)
        mutate(data, random.Random(seed))
        try:
            found, complete = content(data)
        except TapeError:
            continue
        if complete:
            assert found == good
        elif found[0][0]:
            assert found in (good, first_only)
        else:
            empty += 1
    assert empty < 300
