"""torch.__config__: how the package was built."""

from __future__ import annotations


def show() -> str:
    """Say what computes."""
    import numpy as np

    return f"PyTorch's interface, computed by NumPy {np.__version__} on the CPU"


def parallel_info() -> str:
    """Say how many threads compute."""
    return "at::get_num_threads() : 1"
