"""Rows by key, however many come at once."""

from __future__ import annotations

import numpy as np
import pytest

from engine.tape.grouped import Grouped


@pytest.mark.parametrize("steps", [(10, 20), (10_000,), (10, 9_000, 9_010, 20_000), (5_000, 5_001)])
def test_rows_and_keys_are_those_of_the_whole_column(steps: tuple[int, ...]) -> None:
    whole = np.random.default_rng(0).integers(0, 50, steps[-1]).astype(np.int32)
    grouped = Grouped()
    for length in steps:
        column = whole[:length]
        assert grouped.rows(column, 99) == []
        for key in range(0, 50, 7):
            assert grouped.rows(column, key) == np.flatnonzero(column == key).tolist()
        assert grouped.keys(column) == list(dict.fromkeys(column.tolist()))
