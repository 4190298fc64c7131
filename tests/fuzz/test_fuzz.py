"""A share of the mutated tapes that `python -m tests.fuzz` opens, one part per test."""

from __future__ import annotations

import pytest

from engine.tape import replay
from engine.tape.errors import TapeError
from engine.tape.schema import GradChange
from engine.tape.storage.source import MemorySource
from engine.tape.tape import Tape
from tests.fuzz.members import put_together, rows_of, table_of, take_apart, with_rows
from tests.fuzz.mutations import DAMAGE, FORGERY
from tests.fuzz.samples import PROGRAMS, sample
from tests.fuzz.trial import trial


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_a_mutated_tape_is_the_same_or_another_tape_or_one_clear_error(first: int) -> None:
    kinds = {}
    for seed in range(first, first + 20):
        try:
            kinds[seed] = trial(seed).kind
        except Exception as error:
            raise AssertionError(f"seed {seed} (python -m tests.fuzz --seed {seed})") from error
    assert "error" in kinds.values()


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_the_samples_are_whole_and_can_be_put_together_again(name: str) -> None:
    for finished in (True, False):
        data = sample(name, finished)
        tape = Tape(MemorySource(bytearray(data)))
        assert tape.complete == finished
        assert len(tape.passes) > 0
        assert put_together(*take_apart(data)) == data


def test_a_gradient_that_cannot_be_summed_is_named() -> None:
    parts, finished = take_apart(sample("memory", True))
    tables = [table_of(part) for part in parts]
    grads, tape = tables.index("grads"), Tape(MemorySource(bytearray(sample("memory", True))))
    rows = rows_of(parts[grads])
    shapes = [tape.value_shape(int(row["value"])) for row in rows]
    at = next(i for i, row in enumerate(rows) if row["kind"] == GradChange.SET)
    then = next(i for i, row in enumerate(rows) if i > at and row["tensor"] == rows["tensor"][at])
    other = next(
        value for value in range(len(tape.values))
        if tape.values["array"][value] >= 0 and tape.value_shape(value) not in ((), shapes[at])
    )  # fmt: skip
    rows["value"][at] = other
    parts[grads] = with_rows(parts[grads], rows)
    forged = Tape(MemorySource(bytearray(put_together(parts, finished))))
    with pytest.raises(TapeError, match=rf"grads row {then}: adds a gradient of shape \(70, 80\)"):
        replay.ledger(forged, int(rows["tensor"][at]))


def test_every_mutation_is_tried_within_a_thousand_seeds() -> None:
    import random

    tried = set()
    for seed in range(1000):
        chance = random.Random(seed)
        chance.choice(list(PROGRAMS)), chance.random()
        tried.add(chance.choice(FORGERY if chance.random() < 0.5 else DAMAGE))
    assert tried == {*DAMAGE, *FORGERY}
