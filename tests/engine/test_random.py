"""The generator draws PyTorch's numbers bit for bit and leaves the stream where PyTorch does."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.random import Generator
from engine.random.stream import FRESH_SEED, Stream

_spec = importlib.util.spec_from_file_location(
    "random_recipes", Path(__file__).parent / "random_recipes.py"
)
assert _spec is not None and _spec.loader is not None
recipes: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recipes)
RECORDED = json.loads(recipes.RECORDING.read_text())


@pytest.mark.parametrize("seed", recipes.SEEDS)
def test_a_long_mixed_sequence_of_draws_equals_the_recorded_one(seed: int) -> None:
    g = Generator().manual_seed(seed)
    names = {"g": g, "np": np, "w": recipes.WEIGHTS, "p": recipes.PROBABILITIES}
    for (_, ours), recorded in zip(recipes.RECIPES, RECORDED[str(seed)], strict=True):
        assert recipes.summary(np.asarray(eval(ours, names))) == recorded, ours


def test_a_fresh_generator_has_the_documented_seed() -> None:
    assert Generator().initial_seed() == FRESH_SEED
    fresh, seeded = Generator(), Generator().manual_seed(FRESH_SEED)
    assert np.array_equal(fresh.uniform((9,), "float32"), seeded.uniform((9,), "float32"))


def test_only_the_low_32_bits_choose_the_words_but_the_seed_is_kept() -> None:
    a, b = Generator().manual_seed(7), Generator().manual_seed(7 + 2**32)
    assert a.randint(0, 1000, (5,)).tolist() == b.randint(0, 1000, (5,)).tolist()
    assert b.initial_seed() == 7 + 2**32
    assert Generator().manual_seed(-1).initial_seed() == 2**64 - 1


@pytest.mark.parametrize("drawn", [0, 1, 623, 624, 625, 1248])
def test_a_dumped_state_continues_where_it_was_taken(drawn: int) -> None:
    stream = Stream(5)
    stream.words(drawn)
    stream.spare = 0.25 if drawn % 2 else None
    raw = stream.dump()
    expected = stream.words(1000)
    other = Stream(1)
    other.load(raw)
    assert np.array_equal(other.dump(), raw)
    assert other.spare == (0.25 if drawn % 2 else None)
    assert np.array_equal(other.words(1000), expected)


def test_a_state_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(RuntimeError, match="found the input RNG state size to be 5"):
        Stream().load(np.zeros(5, dtype=np.uint8))


def test_the_spare_normal_belongs_to_the_generator_and_survives_large_draws() -> None:
    g = Generator().manual_seed(0)
    first = g.normal((1,), "float32")
    g.normal((16,), "float32")
    partner = g.normal((1,), "float32")
    both = Generator().manual_seed(0).normal((2,), "float32")
    assert [first[0], partner[0]] == both.tolist()


def test_a_tail_block_overwrites_the_last_sixteen() -> None:
    long = Generator().manual_seed(5).normal((17,), "float32")
    short = Generator().manual_seed(5).normal((16,), "float32")
    assert long[0] == short[0]
    assert not np.any(long[1:] == short)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("uniform((2,), 'float32', 2, 1)", RuntimeError, "found from=2 > to=1"),
        ("normal((2,), 'float32', 0, -1)", RuntimeError, "but found std -1"),
        ("randint(3, 3, (2,))", RuntimeError, "got from=3 >= to=3"),
        ("bernoulli(2, (2,))", RuntimeError, "but got p=2"),
        ("multinomial(np.zeros(2), 1)", RuntimeError, "sum of probabilities <= 0"),
        ("multinomial(np.ones(2), 3)", RuntimeError, "without replacement"),
        ("manual_seed(2**64)", ValueError, "Overflow when unpacking long long"),
        ("manual_seed(1.5)", RuntimeError, "expected a long, but got float"),
    ],
)
def test_bad_arguments_raise_what_pytorch_raises(
    call: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(")):
        eval(f"g.{call}", {"g": Generator(), "np": np})
