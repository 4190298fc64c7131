"""torch.cuda: there is none; what counts devices and memory says so, what needs one raises."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from engine.cuda import amp as amp

_NO_CUDA = "Torch not compiled with CUDA enabled"


def is_available() -> bool:
    return False


def is_initialized() -> bool:
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    return False


def device_count() -> int:
    return 0


def get_arch_list() -> list[str]:
    return []


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing to free."""


def memory_allocated(device: Any = None) -> int:
    """Bytes: none, and none of the other kinds."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated
memory_cached = max_memory_cached = memory_allocated


def _needing(name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(_NO_CUDA)

    call.__name__ = call.__qualname__ = name
    return call


_NEEDING = (
    "current_blas_handle current_device current_stream default_stream get_device_capability "
    "get_device_name get_device_properties get_rng_state init initial_seed ipc_collect mem_get_info "
    "memory_stats memory_summary reset_max_memory_allocated reset_peak_memory_stats seed seed_all "
    "set_device set_rng_state synchronize utilization"
)
globals().update({name: _needing(name) for name in _NEEDING.split()})


class device:
    """Within it another device is the current one; without one, nothing changes."""

    __module__ = "torch.cuda"

    def __init__(self, device: Any) -> None:
        self.idx = device

    def __enter__(self) -> None:
        """Nothing to change."""

    def __exit__(self, *exc: object) -> None:
        """Nothing to undo."""


class device_of(device):
    """Within it the device of a tensor is the current one."""

    __module__ = "torch.cuda"


class _Absent:
    """A class of objects on a device."""

    _message = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(self._message)


class Event(_Absent):
    """A mark in a stream of work."""

    __module__ = "torch.cuda"
    _message = "Tried to instantiate dummy base class Event"


class Stream(_Absent):
    """A queue of work."""

    __module__ = "torch.cuda"
    _message = "torch.cuda.Stream requires CUDA support"


def stream(stream: Any) -> AbstractContextManager[None]:
    """Within it, work goes to a stream; None changes nothing."""
    return nullcontext()


class _Type(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"type torch.cuda.{cls.__name__} not available. Torch not compiled with CUDA enabled."
        )

    def __instancecheck__(cls, t: Any) -> bool:
        return False


_TYPES = "BFloat16 Bool Byte Char Double Float Half Int Long Short"
globals().update({
    f"{kind}Tensor": _Type(f"{kind}Tensor", (), {"__module__": "torch.cuda"})
    for kind in _TYPES.split()
})  # fmt: skip
