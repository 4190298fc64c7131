"""Connectionist temporal classification: all alignments of labels to times, summed (Graves 2006).

Between, before and behind the labels of a sequence lie blanks. `alpha` holds the log-probability
of all beginnings of alignments that end at a label at a time, `beta` that of all their ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.ops.api import expose
from engine.ops.table import define

Raw = Any


def _with_blanks(labels: Raw, blank: int) -> Raw:
    out = np.full(2 * len(labels) + 1, blank)
    out[1::2] = labels
    return out


def _shifted(row: Raw, by: int) -> Raw:
    out = np.full_like(row, -np.inf)
    if by < len(row):
        out[by:] = row[: len(row) - by]
    return out


def _begins(logs: Raw, path: Raw) -> Raw:
    """Return alpha (times, path) for log-probabilities (times, classes)."""
    picked = logs[:, path]
    alpha = np.full(picked.shape, -np.inf, logs.dtype)
    if not len(alpha):
        return alpha
    alpha[0, :2] = picked[0, :2]
    skips = np.zeros(len(path), bool)
    skips[2:] = path[2:] != path[:-2]  # a blank may be left out between different labels
    skips[::2] = False
    for t in range(1, len(alpha)):
        before = alpha[t - 1]
        one = np.logaddexp(before, _shifted(before, 1))
        alpha[t] = picked[t] + np.where(skips, np.logaddexp(one, _shifted(before, 2)), one)
    return alpha


def _nll(alpha: Raw) -> Raw:
    if not len(alpha):
        return np.float64(0.0 if alpha.shape[1] == 1 else np.inf)
    ends = alpha[-1, -2:]
    return -np.logaddexp.reduce(ends)


def _sequences(
    targets: Raw, input_lengths: Sequence[int], target_lengths: Sequence[int], blank: int
) -> list[tuple[int, Raw]]:
    """Return number of times and labels with blanks of each sequence of the batch."""
    out, start = [], 0
    for i, (times, n) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        labels = targets[i, :n] if targets.ndim == 2 else targets[start : start + n]
        out.append((times, _with_blanks(labels.astype(np.int64), blank)))
        start += n
    return out


def _forward(
    logs: Raw,
    targets: Raw,
    input_lengths: Any,
    target_lengths: Any,
    blank: int,
    zero_infinity: bool,
) -> Raw:
    sequences = _sequences(targets, input_lengths, target_lengths, blank)
    losses = [_nll(_begins(logs[:t, i], path)) for i, (t, path) in enumerate(sequences)]
    return np.array(losses, logs.dtype)


def _grad(
    F: Any, g: Any, self: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int,
    zero_infinity: bool,
) -> Any:  # fmt: skip
    """exp(logs) minus the share of alignments through each class, as if `self` came of a softmax."""
    logs, weights = F.array(self), F.array(g)
    out = np.zeros_like(logs)
    sequences = _sequences(F.array(targets), input_lengths, target_lengths, blank)
    for i, (times, path) in enumerate(sequences):
        part = logs[:times, i]
        alpha = _begins(part, path)
        nll = _nll(alpha)
        if zero_infinity and np.isinf(nll):
            continue
        beta = _begins(part[::-1], path[::-1])[::-1, ::-1]
        through = np.full(part.shape, -np.inf, part.dtype)
        for s, label in enumerate(path):
            through[:, label] = np.logaddexp(through[:, label], alpha[:, s] + beta[:, s])
        out[:times, i] = (np.exp(part) - np.exp(through + nll - part)) * weights[i]
    return F.const(out)


ctc_loss = expose(
    define(
        "_ctc_loss(self, targets, input_lengths, target_lengths, blank=0, zero_infinity=False)",
        _forward, family="loss", node="CtcLossBackward0", self=_grad,
    ),
    function=False, method=False,
)  # fmt: skip
