"""torch.backends: switches of accelerators, none of which is there."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any


@contextmanager
def _flags(**options: Any) -> Any:
    yield


def _no(*args: Any) -> bool:
    return False


cudnn = SimpleNamespace(
    enabled=False, benchmark=False, deterministic=False, allow_tf32=False, is_available=_no, flags=_flags,
    version=lambda: None,
)  # fmt: skip
mps = SimpleNamespace(is_available=_no, is_built=_no)
cuda = SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False), is_built=_no)
mkldnn = SimpleNamespace(is_available=_no)
mkl = SimpleNamespace(is_available=_no)
openmp = SimpleNamespace(is_available=_no)
