"""Rows that look up rows of a matrix: embedding and bags of embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.ops.adding import add_at
from engine.ops.api import expose
from engine.ops.table import define

Raw = Any


def _expose(op: Any) -> Any:
    return expose(op, function=False, method=False)


def _scatter_rows(g: Raw, indices: Raw, n: int, padding_idx: int, by_frequency: bool) -> Raw:
    """Add each gradient row to its place among n rows; the padding row gets none."""
    flat = indices.ravel()
    rows = g.reshape(flat.size, g.shape[-1])
    if by_frequency:
        rows = rows / np.bincount(flat, minlength=n)[flat][:, None].astype(g.dtype)
    out = np.zeros((n, rows.shape[1]), g.dtype)
    add_at(out, (flat,), rows)
    if padding_idx >= 0:
        out[padding_idx] = 0
    return out


embedding = _expose(define(
    "embedding(self, indices, padding_idx=-1, scale_grad_by_freq=False)",
    lambda a, indices, padding_idx, by_frequency: a[indices], family="indexing",
    self=lambda F, g, self_sizes, indices, padding_idx, scale_grad_by_freq:
        F._embedding_back(g, indices, self_sizes[0], padding_idx, scale_grad_by_freq),
))  # fmt: skip
_expose(define(
    "_embedding_back(self, indices, n, padding_idx, scale_grad_by_freq)", _scatter_rows,
    family="indexing", node="EmbeddingDenseBackward0",
    self=lambda F, g, indices, padding_idx, self_sizes:
        _back_again(F, g, indices, padding_idx, self_sizes),
))  # fmt: skip


def _back_again(F: Any, g: Any, indices: Any, padding_idx: int, sizes: Any) -> Any:
    rows = F.embedding(g, indices, padding_idx, False)
    if padding_idx >= 0:
        keep = np.asarray(F.array(indices) != padding_idx)[..., None]
        rows = rows * F.const(keep.astype(F.array(rows).dtype))
    return rows.reshape(tuple(sizes))


# --- bags --------------------------------------------------------------------------------------
def _bags(indices: Raw, offsets: Raw, padding_idx: int) -> tuple[Raw, Raw]:
    """Return the bag of each index and how many count in each bag."""
    starts = np.zeros(indices.size + 1, np.int64)
    np.add.at(starts, offsets[1:], 1)
    bag = np.cumsum(starts)[: indices.size]
    counted = indices != padding_idx
    return bag, np.bincount(bag[counted], minlength=offsets.size)


def _embedding_bag(
    a: Raw, indices: Raw, offsets: Raw, mode: str, weights: Raw, padding_idx: int
) -> Raw:
    bag, counts = _bags(indices, offsets, padding_idx)
    keep = indices != padding_idx
    out = np.zeros((offsets.size, a.shape[1]), a.dtype)
    if mode == "max":
        out[:] = -np.inf
        np.maximum.at(out, bag[keep], a[indices[keep]])
        out[counts == 0] = 0
        return out
    rows = a[indices] if weights is None else a[indices] * weights[:, None]
    np.add.at(out, bag[keep], rows[keep])
    if mode == "mean":
        out /= np.maximum(counts, 1)[:, None].astype(a.dtype)
    return out


def _spread_bags(F: Any, g: Any, indices: Raw, offsets: Raw, mode: str, padding_idx: int) -> Any:
    """Return the gradient of every looked-up row of a sum or mean."""
    bag, counts = _bags(indices, offsets, padding_idx)
    share = (indices != padding_idx).astype(F.array(g).dtype)
    if mode == "mean":
        share = (share / np.maximum(counts, 1)[bag]).astype(share.dtype)
    return F.embedding(g, F.const(bag), -1, False) * F.const(share[:, None])


def _first_maxima(a: Raw, indices: Raw, offsets: Raw, padding_idx: int) -> tuple[Raw, Raw]:
    """Return the bag of each index and a 1 where its row is the first to reach the maximum."""
    best = _embedding_bag(a, indices, offsets, "max", None, padding_idx)
    bag, _ = _bags(indices, offsets, padding_idx)
    hit = (a[indices] == best[bag]) & (indices != padding_idx)[:, None]
    seen = np.zeros(best.shape, bool)
    for i, number in enumerate(bag):
        hit[i] &= ~seen[number]
        seen[number] |= hit[i]
    return bag, hit.astype(a.dtype)


def _bag_vjp(
    F: Any, g: Any, self: Any, indices: Any, offsets: Any, mode: str, per_sample_weights: Any,
    padding_idx: int,
) -> Any:  # fmt: skip
    where, starts = F.array(indices), F.array(offsets)
    if mode == "max":
        bag, mask = _first_maxima(F.array(self), where, starts, padding_idx)
        rows = F.embedding(g, F.const(bag), -1, False) * F.const(mask)
    else:
        rows = _spread_bags(F, g, where, starts, mode, padding_idx)
        if per_sample_weights is not None:
            rows = rows * per_sample_weights.reshape(-1, 1)
    return F._embedding_back(rows, indices, self.shape[0], padding_idx, False)


def _bag_weights_vjp(
    F: Any, g: Any, self: Any, indices: Any, offsets: Any, mode: str, padding_idx: int
) -> Any:
    rows = _spread_bags(F, g, F.array(indices), F.array(offsets), mode, padding_idx)
    looked_up = F.embedding(self, indices, -1, False)
    return F.sum_to(rows * looked_up, (rows.shape[0], 1)).reshape(-1)


embedding_bag = _expose(define(
    "embedding_bag(self, indices, offsets, mode='mean', per_sample_weights=None, padding_idx=-1)",
    _embedding_bag, family="indexing", self=_bag_vjp, per_sample_weights=_bag_weights_vjp,
))  # fmt: skip
