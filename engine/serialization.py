"""torch.save and torch.load: tensors and plain containers, without executing what a file says."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from types import FunctionType
from typing import Any, BinaryIO

from engine import places
from engine.ops import exchange
from engine.size import Size

#: The only names that a file may refer to.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("engine.ops.exchange", "_rebuild"): exchange._rebuild,
    ("engine.ops.exchange", "_rebuild_meta"): exchange._rebuild_meta,
    ("engine.ops.memory", "_rebuild"): exchange._rebuild,  # as files of before name it
    ("collections", "OrderedDict"): OrderedDict,
    ("engine.size", "Size"): Size,
    ("torch", "Size"): Size,
}


_NOT_ALLOWED = (
    "Weights only load failed. This file can still be loaded, to do so you have two options, "
    "\x1b[1mdo those steps only if you trust the source of the checkpoint\x1b[0m. \n"
    "\t(1) In PyTorch 2.6, we changed the default value of the `weights_only` argument in "
    "`torch.load` from `False` to `True`. Re-running `torch.load` with `weights_only` set to `False` "
    "will likely succeed, but it can result in arbitrary code execution. Do it only if you got the "
    "file from a trusted source.\n"
    "\t(2) Alternatively, to load with `weights_only=True` please check the recommended steps in the "
    "following error message.\n"
    "\tWeightsUnpickler error: Unsupported global: GLOBAL {name} was not an allowed global by "
    "default. Please use `torch.serialization.add_safe_globals([{name}])` or the "
    "`torch.serialization.safe_globals([{name}])` context manager to allowlist this global if you "
    "trust this class/function.\n\n"
    "Check the documentation of torch.load to learn more about types accepted by default with "
    "weights_only https://pytorch.org/docs/stable/generated/torch.load.html."
)


def _refuse(module: str, name: str) -> Any:
    raise pickle.UnpicklingError(_NOT_ALLOWED.format(name=f"{module}.{name}"))


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = _ALLOWED.get((module, name))
        if found is not None:
            return found
        if (module, name) == ("engine.nn.parameter", "rebuild"):
            return super().find_class(module, name)
        if module.startswith("numpy") and name in (
            "_reconstruct",
            "ndarray",
            "dtype",
            "scalar",
            "_frombuffer",
        ):
            return super().find_class(module, name)
        if (module, name) in ((places.__name__, "find"), (places.__name__, "function")):
            return _refuse  # a class by PyTorch's name for it
        return _refuse(module, name)


class _Writer(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Size):
            return Size, (tuple(obj),)
        if isinstance(obj, type) and places.has(obj.__module__):
            return places.find, (obj.__module__, obj.__name__)
        if isinstance(obj, FunctionType) and obj.__module__.startswith("torch."):
            return places.function, (obj.__module__, obj.__name__)
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
    if not isinstance(f, (str, Path)) and not hasattr(f, "seek"):
        raise AttributeError(
            f"'{type(f).__name__}' object has no attribute 'seek'. You can only torch.load from a "
            "file that is seekable. Please pre-load the data into a buffer like io.BytesIO and try "
            "to load from it instead."
        )
    if isinstance(f, (str, Path)):
        with Path(f).open("rb") as file:
            return reader(io.BytesIO(file.read())).load()
    return reader(f).load()
