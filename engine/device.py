"""torch.device: where a tensor lives, which here is the CPU, or nowhere."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from engine.formats import only_text

_TYPES = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga",
    "maia", "xla", "lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip


class device:
    """A device by name; only "cpu" can hold data."""

    __module__ = "torch"
    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any = None, index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index
        if isinstance(type, int) and not isinstance(type, bool):
            raise RuntimeError(  # noqa: TRY004 (as PyTorch without accelerators)
                "Cannot access accelerator device when none is available."
            )
        if not isinstance(type, str):
            got = "" if type is None else type.__class__.__name__
            raise TypeError(
                f"device() received an invalid combination of arguments - got ({got}), but expected one of:\n"
                " * (torch.device device)\n * (str type, int index = -1)\n"
            )
        name, _, number = str(type).partition(":")
        if name not in _TYPES:
            raise RuntimeError(
                f"Expected one of {', '.join(_TYPES)} device type at start of device string: {name}"
            )
        if number:
            if not number.isdigit():
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        self.type, self.index = name, index

    __format__ = only_text("torch.device")

    def __repr__(self) -> str:
        return (
            f"device(type='{self.type}'"
            + ("" if self.index is None else f", index={self.index}")
            + ")"
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> Any:
        return device, (self.type, self.index)

    def __enter__(self) -> device:
        check(self)
        _defaults.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _defaults.pop()


CPU, META = device("cpu"), device("meta")
#: Devices of the `with` statements in force.
_defaults: list[device] = []
#: Device of new tensors outside of them (None: the CPU).
_standing: device | None = None


def get_default_device() -> device:
    """The device of new tensors that are given none."""
    return _default() or CPU


def set_default_device(device: Any) -> None:
    """Let new tensors that are given no device live on this one (None: on the CPU again)."""
    global _standing
    _standing = None if device is None else type(CPU)(device)


def _default() -> device | None:
    return _defaults[-1] if _defaults else _standing


def check(where: Any) -> bool:
    """Whether new tensors on this device (None: the default one) are meta tensors.

    Raises what PyTorch built without accelerators raises for devices that are not there.
    """
    if where is None:
        where = _default()
        if where is None:
            return False
    if where is CPU:
        return False
    where = device(where)
    if where.type in ("cuda", "xpu"):
        raise AssertionError(f"Torch not compiled with {where.type.upper()} enabled")
    if where.type not in ("cpu", "meta"):
        raise RuntimeError(f"PyTorch is not linked with support for {where.type} devices")
    return bool(where.type == "meta")


def placed(make: Callable[..., Any], standing: bool = True) -> Callable[..., Any]:
    """`make`, whose tensors go to the device that is given or, if `standing`, to the default one.

    Without `standing` they stay where the tensor is that they are made after.
    """

    @functools.wraps(make)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("device") is None and not (standing and (_defaults or _standing)):
            return make(*args, **kwargs)
        nowhere = check(kwargs.pop("device", None) or (None if standing else CPU))
        with CPU:
            if not nowhere:
                return make(*args, **kwargs)
            from engine import meta, random

            with random.fork_rng():
                return meta.forget(make(*args, **kwargs))

    return call
