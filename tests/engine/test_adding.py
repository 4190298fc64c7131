"""Adding to places that come again is what a loop over the index does, also with repeated values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.ops.adding import add_at

_ROWS = np.array([[2, 0, 2], [-1, 1, 2]])


@pytest.mark.parametrize(
    "index",
    [(_ROWS,), (_ROWS, np.array([1, 0, 3])), (_ROWS.astype(np.int32),), (slice(None), _ROWS),
     (np.array([True, False, True]),)],
    ids=["rows", "elements", "int32", "columns", "mask"],
)  # fmt: skip
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("repeated", [False, True])
def test_each_value_is_added_at_its_place(index: Any, order: Any, repeated: bool) -> None:
    rng = np.random.default_rng(0)
    out = np.array(rng.standard_normal((3, 4)), np.float32, order=order)
    places = np.arange(12).reshape(3, 4)[index]
    values = rng.standard_normal(places.shape[-1:] if repeated else places.shape)
    values = values.astype(np.float32)
    wanted = np.array(out)
    for place, value in zip(places.flat, np.broadcast_to(values, places.shape).flat, strict=True):
        wanted[divmod(int(place), 4)] += value
    add_at(out, index, values)
    assert np.array_equal(out, wanted)


def test_values_that_are_put_with_accumulate_are_repeated() -> None:
    x, i = torch.zeros(3), torch.tensor([[-1, 2, -1, -2], [0, 2, 1, -2]])
    x.index_put_((i,), torch.tensor([1.0, 10.0, 100.0, 1000.0]), accumulate=True)
    assert x.tolist() == [1.0, 2100.0, 121.0]
