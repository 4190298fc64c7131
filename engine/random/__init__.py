"""Random numbers: PyTorch's generator bit for bit, and the functions of `torch.random`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from engine.later import sign as _sign

from .generator import Generator

if TYPE_CHECKING:
    from engine.tensor import Tensor

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

default_generator = Generator()


def manual_seed(seed: Any) -> Generator:
    """Seed the default generator and return it."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the system's entropy and return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Return the state of the default generator as a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Continue the default generator from a saved state."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, **_: Any) -> Iterator[None]:
    """Put the default generator back on leaving, whatever was drawn inside."""
    if not enabled:
        yield
        return
    saved = default_generator.clone_state()
    try:
        yield
    finally:
        default_generator.restore(saved)


_sign(globals(), "torch.random")


def __getattr__(name: str) -> Any:
    from engine import absent

    raise absent.error("torch.random", name)
