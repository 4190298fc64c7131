"""Making one batch out of many items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import engine
from engine.later import sign as _sign
from engine.tensor import Tensor


def default_convert(data: Any) -> Any:
    """Turn NumPy arrays inside `data` into tensors."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return data if data.dtype.kind in "SUO" else engine.as_tensor(data)
    if isinstance(data, Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(d) for d in data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return [default_convert(d) for d in data]
    return data


def default_collate(batch: Any) -> Any:
    """Stack tensors, arrays and numbers; go into tuples, lists and dictionaries."""
    first = batch[0]
    if isinstance(first, Tensor):
        return engine.stack(list(batch), 0)
    if isinstance(first, np.ndarray) or (
        isinstance(first, np.generic) and first.dtype.kind in "fiub"
    ):
        return engine.stack([engine.as_tensor(item) for item in batch], 0)
    if isinstance(first, float):
        return engine.tensor(batch, dtype=engine.float64)
    if isinstance(first, int):
        return engine.tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([item[key] for item in batch]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(list(column)) for column in zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(item) != len(first) for item in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = zip(*batch, strict=True)
        return [default_collate(c if isinstance(first, tuple) else list(c)) for c in columns]
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first)}"
    )


_sign(globals(), "torch.utils.data._utils.collate")
