"""Sequences of different lengths: padding, packing, unpacking."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple

import engine
from engine import errors
from engine.later import sign as _sign
from engine.tensor import Tensor


class PackedSequence(NamedTuple):
    """Sequences without padding: `data` holds all first elements, then all second, and so on."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Return the sequences with their data moved or converted; self where nothing changes."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def double(self) -> PackedSequence:
        """Return the sequences as float64."""
        return self.to(engine.float64)

    def float(self) -> PackedSequence:
        """Return the sequences as float32."""
        return self.to(engine.float32)

    def half(self) -> PackedSequence:
        """Return the sequences as float16."""
        return self.to(engine.float16)

    def long(self) -> PackedSequence:
        """Return the sequences as int64."""
        return self.to(engine.int64)

    def int(self) -> PackedSequence:
        """Return the sequences as int32."""
        return self.to(engine.int32)

    def cpu(self) -> PackedSequence:
        """Return the sequences on the CPU, where they are."""
        return self.to("cpu")

    @property
    def is_cuda(self) -> bool:
        """Whether the sequences are on a GPU: no."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return where each number stands in a permutation."""
    if permutation is None:
        return None
    inverse = engine.empty_like(permutation)
    inverse[permutation] = engine.arange(permutation.numel())
    return inverse  # type: ignore[no-any-return]


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack (time, batch, *) with the given lengths, falling if enforce_sorted is on."""
    lengths = engine.as_tensor(lengths, dtype=engine.int64)
    order = None
    if not enforce_sorted:
        lengths, order = engine.sort(lengths, descending=True)
        input = input.index_select(0 if batch_first else 1, order)
    data, sizes = engine._pack_padded_sequence(input, lengths, batch_first)
    return PackedSequence(data, sizes, order, invert_permutation(order))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Return padded sequences (time, batch, *) and their lengths."""
    sizes = sequence.batch_sizes.tolist()
    if total_length is not None and total_length < len(sizes):
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but "
            f"got total_length={total_length} and max sequence length being {len(sizes)}"
        )
    steps = total_length or len(sizes)
    padded = engine.full(
        (steps, sizes[0], *sequence.data.shape[1:]), padding_value, dtype=sequence.data.dtype
    )
    row = step = 0
    for size, alike in itertools.groupby(sizes):
        count = len(list(alike))
        block = sequence.data.narrow(0, row, count * size)
        block = block.view(count, size, *sequence.data.shape[1:])
        padded.narrow(0, step, count).narrow(1, 0, size).copy_(block)
        row, step = row + count * size, step + count
    if batch_first:
        padded = padded.transpose(0, 1)
    lengths = engine.tensor([sum(n > i for n in sizes) for i in range(sizes[0])])
    if sequence.unsorted_indices is not None:
        padded = padded.index_select(0 if batch_first else 1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices]
    return padded, lengths


def pad_sequence(
    sequences: Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Stack sequences (length, *) with padding behind (or before) the shorter ones."""
    if not isinstance(sequences, Iterable):
        raise RuntimeError(  # noqa: TRY004 (as PyTorch)
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    for i, s in enumerate(sequences):
        if not isinstance(s, Tensor):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(s).__name__}"
            )
    longest, first = max(len(s) for s in sequences), sequences[0]
    size = (len(sequences), longest) if batch_first else (longest, len(sequences))
    padded = engine.full((*size, *first.shape[1:]), padding_value, dtype=first.dtype)
    for i, s in enumerate(sequences):
        if (wrong := errors.unbroadcastable([(1, *t.shape[1:]) for t in (first, s)])) is not None:
            raise wrong
        begin = longest - len(s) if padding_side == "left" else 0
        column = padded.select(0, i) if batch_first else padded.select(1, i)
        column.narrow(0, begin, len(s)).copy_(s)
    return padded  # type: ignore[no-any-return]


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """Return the sequences without their padding."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    times = engine.arange(padded_sequences.shape[1])
    rows = zip(padded_sequences.unbind(0), lengths.unbind(0), strict=False)
    return [row[times < length] for row, length in rows]


def pack_sequence(sequences: Iterable[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences."""
    sequences = list(sequences)
    lengths = engine.tensor([len(s) for s in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return the sequences of a pack."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


_sign(globals(), "torch.nn.utils.rnn")
