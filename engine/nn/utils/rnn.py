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
    if batch_first:
        input = input.transpose(0, 1)
    counts = lengths.tolist()
    if len(counts) != input.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} "
            f"(batch_size={input.shape[1]})"
        )
    if any(n <= 0 for n in counts):
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if any(a < b for a, b in itertools.pairwise(counts)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    sizes = [sum(n > t for n in counts) for t in range(counts[0])]
    data = engine.cat([input[t, :n] for t, n in enumerate(sizes)], 0)
    return PackedSequence(data, engine.tensor(sizes), order, invert_permutation(order))


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
    rest = tuple(sequence.data.shape[1:])
    rows = []
    for row in sequence.data.split(sizes, 0):
        missing = sizes[0] - len(row)
        if missing:
            filler = engine.full((missing, *rest), padding_value, dtype=row.dtype)
            row = engine.cat([row, filler], 0)
        rows.append(row)
    blank = engine.full((sizes[0], *rest), padding_value, dtype=sequence.data.dtype)
    rows += [blank] * ((total_length or len(sizes)) - len(sizes))
    padded = engine.stack(rows, 1 if batch_first else 0)
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
    longest = max(len(s) for s in sequences)
    rows = []
    for s in sequences:
        if (
            wrong := errors.unbroadcastable([(1, *t.shape[1:]) for t in (sequences[0], s)])
        ) is not None:
            raise wrong
        if len(s) < longest:
            filler = engine.full((longest - len(s), *s.shape[1:]), padding_value, dtype=s.dtype)
            s = engine.cat([s, filler] if padding_side == "right" else [filler, s], 0)
        rows.append(s)
    return engine.stack(rows, 0 if batch_first else 1)  # type: ignore[no-any-return]


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """Return the sequences without their padding."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    pairs = zip(padded_sequences.unbind(0), lengths.tolist(), strict=True)
    return [row[:n] for row, n in pairs]


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
