"""What the tests of maps map over."""

from __future__ import annotations

from typing import Any

import engine as torch

X = torch.arange(6.0).view(3, 2)


def equal(a: Any, b: Any) -> bool:
    return bool(a.shape == b.shape and torch.allclose(a, b))
