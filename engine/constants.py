"""Names of the torch namespace that stand for layouts, formats, legacy types and global settings."""

from __future__ import annotations

from typing import Any

from engine import warning
from engine.creation import legacy
from engine.device import get_default_device, set_default_device  # noqa: F401  # published here
from engine.dtype import ALL, dtype, set_default_dtype
from engine.tensor import Tensor
from engine.warning import once


class layout:
    """How the elements of a tensor are laid out; strided is the only one."""

    __module__ = "torch"

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"


class memory_format(layout):
    """The order of dimensions in memory."""

    __module__ = "torch"


strided, sparse_coo, sparse_csr = layout("strided"), layout("sparse_coo"), layout("sparse_csr")
contiguous_format, preserve_format = (
    memory_format("contiguous_format"),
    memory_format("preserve_format"),
)
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")


class _LegacyType(type):
    """Makes isinstance(t, torch.FloatTensor) look at the element type."""

    dtype: dtype

    def __instancecheck__(cls, t: Any) -> bool:
        return isinstance(t, Tensor) and t._d is cls.dtype

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


def _legacy(d: dtype) -> Any:
    def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
        return legacy(*args, dtype=d, **kwargs)

    return _LegacyType(
        d.display + "Tensor", (), {"__new__": make, "dtype": d, "__module__": "torch"}
    )


_TYPES = {d.display + "Tensor": _legacy(d) for d in ALL if d.rank <= 4 or d.category > 1}
FloatTensor, DoubleTensor, HalfTensor = (
    _TYPES[n] for n in ("FloatTensor", "DoubleTensor", "HalfTensor")
)
LongTensor, IntTensor, ShortTensor = (_TYPES[n] for n in ("LongTensor", "IntTensor", "ShortTensor"))
CharTensor, ByteTensor, BoolTensor = (_TYPES[n] for n in ("CharTensor", "ByteTensor", "BoolTensor"))
BFloat16Tensor = _TYPES["BFloat16Tensor"]

_settings: dict[str, Any] = {
    "threads": 1,
    "deterministic": False,
    "precision": "highest",
}


def is_tensor(obj: Any) -> bool:
    return isinstance(obj, Tensor)


def is_storage(obj: Any) -> bool:
    from engine.storage import TypedStorage, UntypedStorage

    return isinstance(obj, (TypedStorage, UntypedStorage))


def typename(obj: Any) -> str:
    """The legacy name of a tensor's type; of other objects the name of the class."""
    if isinstance(obj, Tensor):
        return str(obj._d.legacy)
    kind = obj if isinstance(obj, type) else type(obj)
    if kind.__module__ in ("builtins", "__builtin__", None):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def set_default_tensor_type(t: Any) -> None:
    once(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
        "torch.set_default_device() as alternatives."
    )
    if isinstance(t, str):
        t = _TYPES[t.removeprefix("torch.")]
    set_default_dtype(t.dtype)


def set_warn_always(b: bool) -> None:
    warning.always[0] = b


def is_warn_always_enabled() -> bool:
    return warning.always[0]


def set_num_threads(n: int) -> None:
    _settings["threads"] = n


def get_num_threads() -> int:
    return int(_settings["threads"])


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    _settings["deterministic"] = mode


def are_deterministic_algorithms_enabled() -> bool:
    return bool(_settings["deterministic"])


def set_float32_matmul_precision(precision: str) -> None:
    _settings["precision"] = precision


def get_float32_matmul_precision() -> str:
    return str(_settings["precision"])


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a value of one type may be written into the other."""
    return from_.category <= to.category


def is_inference(input: Any) -> bool:
    """Whether a tensor was made in inference mode."""
    return bool(input.is_inference())


def compile(model: Any = None, **options: Any) -> Any:
    """Return the model: what is run here is interpreted anyway."""
    return model if model is not None else lambda fn: fn


__all__ = [
    n
    for n in dir()
    if not n.startswith("_")
    and n
    not in (
        "Any",
        "ALL",
        "Tensor",
        "annotations",
        "set_default_dtype",
        "dtype",
        "legacy",
        "warnings",
    )
]  # noqa: E501, PLE0604, RUF100
