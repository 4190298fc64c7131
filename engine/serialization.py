"""torch.save and torch.load: tensors and plain containers, without executing what a file says."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

from engine.ops import exchange
from engine.size import Size

#: The only names that a file may refer to.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("engine.ops.exchange", "_rebuild"): exchange._rebuild,
    ("engine.ops.memory", "_rebuild"): exchange._rebuild,  # as files of before name it
    ("collections", "OrderedDict"): OrderedDict,
    ("engine.size", "Size"): Size,
    ("torch", "Size"): Size,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name))
        if found is not None:
            return found
        if module.startswith("numpy") and name in (
            "_reconstruct",
            "ndarray",
            "dtype",
            "scalar",
            "_frombuffer",
        ):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"Weights only load failed: the file refers to {module}.{name}, which is not allowed. Save a "
            "state_dict() instead of the whole object, or load with weights_only=False if you trust the file."
        )


class _Writer(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Size):
            return Size, (tuple(obj),)
        return NotImplemented


def save(obj: Any, f: str | Path | BinaryIO, *args: Any, **kwargs: Any) -> None:
    """Write tensors, numbers, strings, lists and dicts of them."""
    if isinstance(f, (str, Path)):
        with Path(f).open("wb") as file:
            _Writer(file, 4).dump(obj)
    else:
        _Writer(f, 4).dump(obj)


def load(
    f: str | Path | BinaryIO, map_location: Any = None, *, weights_only: bool = True, **kwargs: Any
) -> Any:
    """Read what `save` wrote."""
    reader = _Reader if weights_only else pickle.Unpickler
    if isinstance(f, (str, Path)):
        with Path(f).open("rb") as file:
            return reader(io.BytesIO(file.read())).load()
    return reader(f).load()
