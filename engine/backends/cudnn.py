"""torch.backends.cudnn: switches that programs set, and nothing that heeds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

enabled = True
benchmark = False
benchmark_limit = 10
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    return False


def version() -> int | None:
    return None


@contextmanager
def flags(**options: Any) -> Iterator[None]:
    """Within it, switches are set otherwise."""
    names = globals()
    before = {name: names[name] for name in options if name in names}
    names.update({name: options[name] for name in before})
    try:
        yield
    finally:
        names.update(before)
