"""Products with weights: linear, bilinear, embedding, one-hot and distances."""

from __future__ import annotations

import math
from typing import Any

import engine
from engine import errors
from engine.batching.levels import elements, level_of
from engine.dtype import bool_
from engine.ops.matmul import ADDMM_T
from engine.ops.norms import NORM
from engine.ops.shape import VIEW, T
from engine.ops.table import run
from engine.tensor import Tensor
from engine.warning import warn

from ..kernels import composites
from ..kernels import embedding as rows


def _check_dtypes(input: Tensor, weight: Tensor) -> None:
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            "mat1 and mat2 must have the same dtype, but got "
            f"{input.dtype.display} and {weight.dtype.display}"
        )


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x Wᵀ + b: input (*, in), weight (out, in) or (in), bias (out)."""
    if not isinstance(input, Tensor):
        raise errors.not_tensor("linear", "input", 1, input)
    if not isinstance(weight, Tensor):
        raise errors.not_tensor("linear", "weight", 2, weight)
    if (
        bias is not None
        and len(weight._s) == 2
        and input._d is weight._d is bias._d
        and input._d is not bool_
    ):
        features, inner = weight._s
        *rows, last = input._s or (None,)
        if last == inner and bias._s == (features,):
            if len(rows) == 1:
                return ADDMM_T.way(bias, input, T.way(weight), 1, 1)  # type: ignore[no-any-return]
            if input.is_contiguous():
                return _on_rows(input, weight, bias, (*rows, features))
    if weight.dtype is not input.dtype and bias is not None:
        _check_dtypes(input, weight)
    if not input.dim() or not weight.dim():
        raise RuntimeError(
            "both arguments to linear need to be at least 1D, but they are "
            f"{input.dim()}D and {weight.dim()}D"
        )
    if bias is None:
        return engine.matmul(input, weight.t())  # type: ignore[no-any-return]
    n = input.dim()
    if n == 2 and weight.dim() == 2:
        return engine.addmm(bias, input, weight.t())  # type: ignore[no-any-return]
    if weight.dim() == 2 and (n == 1 or input.is_contiguous()):
        flat = engine.addmm(bias, input.view(-1, input.shape[-1]), weight.t())
        return flat.view(*input.shape[:-1], weight.shape[0])  # type: ignore[no-any-return]
    return engine.matmul(input, weight.t()) + bias  # type: ignore[no-any-return]


def _on_rows(input: Any, weight: Any, bias: Any, size: tuple[int, ...]) -> Tensor:
    """x Wᵀ + b of a contiguous input as rows of one matrix; `size` is that of the result."""
    flat = VIEW.way(input, (math.prod(size[:-1]), weight._s[1]))
    return VIEW.way(ADDMM_T.way(bias, flat, T.way(weight), 1, 1), size)  # type: ignore[no-any-return]


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1ᵀ A x2 + b: inputs (*, in1) and (*, in2), weight (out, in1, in2)."""
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError("bilinear(): input batch dimensions do not match")
    for position, x in enumerate((input1, input2), 1):
        if x.shape[-1] != weight.shape[position]:
            raise RuntimeError(
                f"bilinear(): input{position} size does not match weight size: got "
                f"{x.shape[-1]} but expected {weight.shape[position]}"
            )
    left, right = input1.reshape(-1, input1.shape[-1]), input2.reshape(-1, input2.shape[-1])
    if not left.dtype is right.dtype is weight.dtype:
        raise RuntimeError(
            f"All tensors must have the same dtype, got input1: {errors.c_name(left.dtype)}, "
            f"input2: {errors.c_name(right.dtype)}, weight: {errors.c_name(weight.dtype)}"
        )
    out = composites.trilinear(left, weight, right)
    out = out.reshape(*input1.shape[:-1], weight.shape[0])
    return out if bias is None else out + bias  # type: ignore[no-any-return]


def _check_indices(indices: Tensor, n: int, name: str) -> None:
    if indices.dtype not in (engine.int64, engine.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {_legacy(indices)} instead (while checking arguments for {name})"
        )
    array = elements(indices)
    if array.size and (array.min() < 0 or array.max() >= n):
        if name == "embedding":
            raise IndexError("index out of range in self")
        flat = array.reshape(-1)
        place = int(((flat < 0) | (flat >= n)).argmax())
        raise RuntimeError(
            f"Index {place} of input takes value {flat[place]} which is not in the valid range "
            f"[0, {n})"
        )


def _legacy(indices: Tensor) -> str:
    return "CPUBoolType" if indices.dtype is engine.bool else indices.type()


def _renormalize(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are looked up down to the norm `max_norm`, in place."""
    with engine.no_grad():
        for row in engine.unique(indices).tolist():
            norm = weight[row].norm(norm_type)
            if norm > max_norm:
                weight[row] *= max_norm / (norm + 1e-7)


def _padding(padding_idx: int | None, n: int) -> int:
    if padding_idx is None:
        return -1
    if not -n <= padding_idx < n:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx % n


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of `weight` (number, size) at the places `input`; the result is (*input, size)."""
    if sparse:
        raise NotImplementedError("sparse gradients are not supported; use sparse=False")
    for position, name, value in ((2, "indices", input), (1, "weight", weight)):
        if not isinstance(value, Tensor):
            raise errors.not_tensor("embedding", name, position, value)
    if weight.dim() != 2:
        raise RuntimeError("'weight' must be 2-D")
    _check_indices(input, weight.shape[0], "embedding")
    padding = _padding(padding_idx, weight.shape[0])
    if max_norm is not None:
        _renormalize(weight, input, max_norm, norm_type)
    return rows.embedding(weight, input, padding, scale_grad_by_freq)  # type: ignore[no-any-return]


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Sum, mean or maximum of bags of rows: 2-D input has one bag per row, 1-D needs offsets."""
    if weight.dtype in (engine.int64, engine.int32) and input.is_floating_point():
        warn(
            "Argument order of nn.functional.embedding_bag was changed. "
            "Usage `embedding_bag(weight, input, ...)` is deprecated, "
            "and should now be `embedding_bag(input, weight, ...)`."
        )
        input, weight = weight, input
    if sparse or scale_grad_by_freq:
        raise NotImplementedError("embedding_bag supports neither sparse nor scale_grad_by_freq")
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                "of fixed length sequences. However, found offsets of type "
                f"{type(offsets)}"
            )
        offsets = engine.arange(0, input.numel(), input.shape[1])
        input = input.reshape(-1)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
    elif input.dim() != 1:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}"
        )
    elif offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    elif include_last_offset:
        offsets = offsets[:-1]
    _check_indices(input, weight.shape[0], "embedding_bag")
    padding = _padding(padding_idx, weight.shape[0])
    if max_norm is not None:
        _renormalize(weight, input, max_norm, norm_type)
    return rows.embedding_bag(weight, input, offsets, mode, per_sample_weights, padding)  # type: ignore[no-any-return]


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Return int64 (*shape, classes) with a 1 at each class number."""
    if tensor.dtype is not engine.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return engine.zeros(*tensor.shape, num_classes, dtype=engine.int64)  # type: ignore[no-any-return]
    values = elements(tensor)
    if int(values.min()) < 0:
        raise RuntimeError("Class values must be non-negative.")
    top = int(values.max())
    if num_classes == -1 and level_of(tensor):
        return tensor.max().item()  # type: ignore[no-any-return]  # raises: examples may differ
    if num_classes == -1:
        num_classes = top + 1
    elif num_classes <= top:
        raise RuntimeError("Class values must be smaller than num_classes.")
    out = engine.zeros(*tensor.shape, num_classes, dtype=engine.int64)
    if level_of(tensor):
        return out.scatter(-1, tensor.unsqueeze(-1), 1)  # type: ignore[no-any-return]
    return out.scatter_(-1, tensor.unsqueeze(-1), 1)  # type: ignore[no-any-return]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Cosine of the angle between vectors along `dim`; norms below eps count as eps."""
    common = engine.promote_types(x1.dtype, x2.dtype)
    if not common.is_floating_point:
        raise RuntimeError(
            "expected common dtype to be floating point, yet common dtype is " + common.display
        )
    x1, x2 = x1.to(common), x2.to(common)
    if x1.shape != x2.shape:
        x1, x2 = engine.broadcast_tensors(x1, x2)
    first = x1 / _norm_of(x1, dim, eps)
    second = x2 / _norm_of(x2, dim, eps)
    return (first * second).sum(dim)  # type: ignore[no-any-return]


def _norm_of(x: Tensor, dim: int, eps: float) -> Tensor:
    """Return the norm along `dim`; where it is below eps, eps with the norm's gradient."""
    norm = engine.linalg.vector_norm(x, 2, dim, keepdim=True).clone()
    with engine.no_grad():
        norm.clamp_(min=eps)
    return norm  # type: ignore[no-any-return]


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """p-norm of x1 - x2 + eps along the last dimension."""
    difference = composites.plus(x1 - x2, eps)
    return run(NORM, [difference, p, -1, keepdim])  # type: ignore[no-any-return]


def normalize(
    input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None
) -> Tensor:
    """x divided by its p-norm along `dim`, which counts as at least eps."""
    norm = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return input / norm  # type: ignore[no-any-return]


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """p-norm distances of all pairs of rows, in the order (0,1), (0,2) ... (1,2) ..."""
    if input.dim() != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.dim()}D")
    return composites.pdist(input, p)  # type: ignore[no-any-return]
