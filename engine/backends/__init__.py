"""torch.backends: switches of accelerators, none of which is there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from engine.backends import cudnn as cudnn
from engine.backends import mkl as mkl
from engine.backends import mkldnn as mkldnn
from engine.backends import mps as mps
from engine.backends import openmp as openmp


def _no(*args: Any) -> bool:
    return False


cuda = SimpleNamespace(
    is_built=_no,
    matmul=SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=True),
    flash_sdp_enabled=_no, mem_efficient_sdp_enabled=_no,
)  # fmt: skip
