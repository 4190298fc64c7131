"""What is defined in a kernel, as a line of code can name it."""

from __future__ import annotations

from typing import NamedTuple


class Named(NamedTuple):
    """A tensor that a line can name. name: an expression; tensor: its id on the tape or -1."""

    name: str
    tensor: int
    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool
    leaf: bool
    grad: bool

    @property
    def form(self) -> str:
        """Return element type and shape: `float32 (3, 4)`."""
        return f"{self.dtype} {self.shape}"


class World(NamedTuple):
    """What is defined in the kernel.

    tensors: those that can be named; models: variables with parameters; defined: all names;
    names: these, and every word of the notebook's code, which no new variable should take.
    """

    tensors: tuple[Named, ...] = ()
    models: tuple[str, ...] = ()
    defined: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def named(self, tensor: int) -> Named | None:
        """Return the tensor with this id on the tape, None if no line can name it."""
        return next((one for one in self.tensors if one.tensor == tensor >= 0), None)

    def expression(self, tensor: int) -> str:
        """Return what a line calls the tensor with this id on the tape, "" if it cannot."""
        one = self.named(tensor)
        return "" if one is None else one.name

    def free(self, stem: str) -> str:
        """Return the first of `stem`1, `stem`2 ... that is not in use."""
        return next(
            name for n in range(1, len(self.names) + 2) if (name := f"{stem}{n}") not in self.names
        )

    def unused(self, name: str) -> str:
        """Return a name as it is, or with a number if it is in use."""
        return name if name not in self.names else self.free(name)

    def importing(self, code: str) -> str:
        """Return code that uses torch, with its import where torch is not there yet."""
        return code if "torch" in self.defined else f"import torch\n\n{code}"
