"""torch.storage: the memory of a tensor as a flat sequence, of its elements or of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from engine import version
from engine.device import CPU
from engine.dtype import dtype
from engine.ops.strides import flat_memory
from engine.tensor import Tensor, array, wrap
from engine.warning import warn

_DEPRECATED = (
    "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only "
    "storage class. This should only matter to you if you are using storages directly.  To access "
    "UntypedStorage directly, use tensor.untyped_storage() instead of tensor.storage()"
)
_warned = False


def _memory(t: Any) -> Any:
    """All elements of the memory that a tensor looks at, in the order in which they lie there."""
    root = t._v.base if type(t._v) is version.View else t
    return flat_memory(array(root))


class _Storage:
    """What both kinds share: items, printing, addresses."""

    __module__ = "torch.storage"
    is_cuda = False
    device = CPU

    def __init__(self, memory: Any) -> None:
        self._memory = memory

    def size(self) -> int:
        """The number of items."""
        return len(self)

    def __len__(self) -> int:
        return int(self._memory.size)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError

    def __repr__(self) -> str:
        items = "\n ".join(str(item) for item in self)
        return f" {items}\n[{self._title()} of size {len(self)}]"

    def _title(self) -> str:
        raise NotImplementedError

    def data_ptr(self) -> int:
        """The address of the first item."""
        return int(self._memory.__array_interface__["data"][0])

    def nbytes(self) -> int:
        """The number of bytes."""
        return len(self) * self.element_size()

    def element_size(self) -> int:
        """Bytes per item."""
        return int(self._memory.itemsize)

    def tolist(self) -> list[Any]:
        """The items as Python numbers."""
        return list(self)


class UntypedStorage(_Storage):
    """Memory as bytes."""

    __module__ = "torch.storage"

    def __getitem__(self, index: Any) -> Any:
        found = self._memory[index]
        return UntypedStorage(found) if isinstance(index, slice) else int(found)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._memory[index] = value

    def _title(self) -> str:
        return f"torch.storage.UntypedStorage(device={self.device})"


class TypedStorage(_Storage):
    """Memory as numbers of one element type."""

    __module__ = "torch.storage"

    def __init__(self, memory: Any, d: dtype) -> None:
        super().__init__(memory)
        self.dtype = d

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            raise RuntimeError(  # noqa: TRY004 (as PyTorch)
                "slices are only supported in UntypedStorage.__getitem__"
            )
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} out of range for storage of size {len(self)}")
        return wrap(self._memory[index], self.dtype).item()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._memory[index] = value

    def _title(self) -> str:
        return f"torch.storage.TypedStorage(dtype={self.dtype}, device={self.device})"

    def element_size(self) -> int:
        return self.dtype.itemsize

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage(_bytes(self._memory, self.dtype))


def _bytes(memory: Any, d: dtype) -> Any:
    if memory.itemsize == d.itemsize:
        return memory.view(np.uint8)
    return (memory.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)  # bfloat16, a copy


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory that the tensor looks at, as bytes."""
    return UntypedStorage(_bytes(_memory(self), self._d))


def storage(self: Tensor) -> TypedStorage:
    """The memory that the tensor looks at, as numbers."""
    global _warned
    if not _warned:
        _warned = True
        warn(_DEPRECATED)
    return TypedStorage(_memory(self), self._d)
