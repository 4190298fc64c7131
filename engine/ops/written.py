"""Gradients in words of mathematics, for rows whose VJP is longer code; and what helpers stand for.

`g` is the gradient of the result (`g[0]`, `g[1]` of several), `result` the result. What follows
`with` names a part; `/ n for the mean` holds where the reduction is "mean", n the number of terms.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

_EVEN = "where(input == result, g, 0) / number of equal elements"
_CHOSEN = "g at the chosen element, 0 elsewhere"
_NORMAL = "rstd * (h - mean(h) - z * mean(h * z)) with h = g * weight, z = normalized input"
_WEIGHT, _BIAS = (
    "sum of g * z with z = normalized input",
    "sum of g over all but its own dimensions",
)
_DISTANCE = "g * sgn(d) * (abs(d) / result)**(p - 1) with d = input - other"
_WINDOWS = "sum of g over the windows whose maximum it is"
_MEANS = "sum of g / window size over the windows it is in"
_COPIES = "sum of g over its copies"
_SHARES = "sum of g times its share over the places it is mixed into"
_VAR = "(input - mean(input, dim))"

#: By the name on a tape, or where two rows share it the name of the node: each argument's gradient.
WRITTEN: dict[str, dict[str, str]] = {
    "silu": {"input": "g * sigmoid(input) * (1 + input * (1 - sigmoid(input)))"},
    "gelu": {"input": "g * (ndtr(input) + input * p) with p = exp(-input**2 / 2) / sqrt(2 * pi)"
        "; for approximate='none'"},
    "mish": {"input": "g * (t + input * sigmoid(input) * (1 - t**2)) with t = tanh(softplus(input))"},
    "softplus": {"input": "g * where(input * beta > threshold, 1, sigmoid(input * beta))"},
    "elu": {
        "input": "g * scale * where(input > 0, 1, alpha * input_scale * exp(input * input_scale))"
    },
    "celu": {"input": "where(input > 0, g, g * exp(input / alpha))"},
    "hardswish": {"input": "g * where(input < -3, 0, where(input <= 3, input / 3 + 0.5, 1))"},
    "glu": {
        "input": "cat((g * s, g * a * s * (1 - s)), dim) with a, b = input.chunk(2, dim); s = sigmoid(b)"
    },
    "logit": {"input": "g / (input * (1 - input))"},
    "sinc": {"input": "where(input == 0, 0, g * (cos(pi * input) - result) / input)"},
    "acosh": {"input": "g / sqrt(input**2 - 1)"},
    "special_i1": {"input": "g * (i0(input) - result / input)"},
    "special_i1e": {"input": "g * (i0e(input) - result * (sgn(input) + 1 / input))"},
    "pow": {"input": "g * conj(exponent * input**(exponent - 1))", "exponent": "g * conj(result * log(input))"},
    "maximum": {
        "input": "where(input == other, g / 2, where(input > other, g, 0))",
        "other": "where(input == other, g / 2, where(input < other, g, 0))",
    },
    "minimum": {
        "input": "where(input == other, g / 2, where(input < other, g, 0))",
        "other": "where(input == other, g / 2, where(input > other, g, 0))",
    },
    "atan2": {
        "input": "g * other / (input**2 + other**2)",
        "other": "-g * input / (input**2 + other**2)",
    },
    "polar": {"angle": "abs * (imag(g) * cos(angle) - real(g) * sin(angle))"},
    "clamp": {
        "input": "g where min <= input <= max, else 0",
        "min": "g where input < min < max, else 0",
        "max": "g where input > max or max < min, else 0",
    },
    "clamp_min": {"input": "where(input >= min, g, 0)", "min": "where(input < min, g, 0)"},
    "clamp_max": {"input": "where(input <= max, g, 0)", "max": "where(input > max, g, 0)"},
    "prod": {"input": "g * conj(result / input)"},
    "SumBackward1": {"input": "expand(g, input.shape), dim put back"},
    "MeanBackward1": {"input": "expand(g / n, input.shape), dim put back, n elements each"},
    "MaxBackward1": {"input": _EVEN},
    "MinBackward1": {"input": _EVEN},
    "MedianBackward0": {"input": _CHOSEN},
    "NanmedianBackward0": {"input": _CHOSEN},
    "XlogyBackward2": {"input": "g * where((input == 0) & (other <= 0), 0, log(other))"},
    "angle": {"input": "0 for real numbers, else g * 1j * input / abs(input)**2"},
    "_cdist_forward": {
        "input": "sum over other of g * sgn(d) * (abs(d) / result)**(p - 1) with d = input - other",
        "other": "-sum over input of g * sgn(d) * (abs(d) / result)**(p - 1) with d = input - other",
    },
    "_euclidean_dist": {
        "x1": "sum over x2 of g * (x1 - x2) / result",
        "x2": "sum over x1 of g * (x2 - x1) / result",
    },
    "linalg_solve_triangular": {
        "input": "-(other's gradient) @ result.mT, its triangle; from the right result.mT @ -(it)",
        "other": "solve_triangular(input.mT, g, upper=not upper)",
    },
    "nansum": {"input": "where(isnan(input), 0, g)"},
    "var": {"input": f"2 * g * {_VAR} / (n - correction), n elements each"},
    "std": {"input": f"g * {_VAR} / (result * (n - correction)), n elements each"},
    "var_mean": {"input": f"2 * g[0] * {_VAR} / (n - correction) + g[1] / n"},
    "std_mean": {"input": f"g[0] * {_VAR} / (result0 * (n - correction)) + g[1] / n"},
    "linalg_vector_norm": {"input": "g * sgn(input) * (abs(input) / result)**(p - 1)"},
    "norm": {"input": "g * sgn(input) * (abs(input) / result)**(p - 1)"},
    "dist": {"input": _DISTANCE, "other": f"-{_DISTANCE}"},
    "amax": {"input": _EVEN},
    "amin": {"input": _EVEN},
    "logsumexp": {"input": "g * exp(input - result)"},
    "logcumsumexp": {"input": "exp(input) * flip(cumsum(flip(g * exp(-result), [dim]), dim), [dim])"},
    "cumprod": {"input": "flip(cumsum(flip(g * result, [dim]), dim), [dim]) / input"},
    "cumsum": {"input": "flip(cumsum(flip(g, [dim]), dim), [dim])"},
    "sort": {"input": "scatter(zeros(input.shape), dim, result1, g)"},
    "topk": {"input": "scatter(zeros(input.shape), dim, result1, g)"},
    "permute": {"input": "permute(g, argsort(dims))"},
    "select": {"input": "select_scatter(zeros(input.shape), g, dim, index)"},
    "slice": {"input": "slice_scatter(zeros(input.shape), g, dim, start, end, step)"},
    "diagonal": {"input": "diagonal_scatter(zeros(input.shape), g, offset, dim1, dim2)"},
    "unfold": {"input": "sum of g over the windows it is in"},
    "as_strided": {"input": "sum of g over the places that show it"},
    "scatter": {"input": "scatter(g, dim, index, 0)"},
    "take": {"input": "put(zeros(input.shape), index, g, accumulate=True)"},
    "put": {"input": "g, and 0 at the places written to"},
    "select_scatter": {"input": "g, and 0 where src was written", "src": "select(g, dim, index)"},
    "slice_scatter": {"input": "g, and 0 where src was written", "src": "g[start:end:step] along dim"},
    "diagonal_scatter": {
        "input": "g, and 0 where src was written",
        "src": "diagonal(g, offset, dim1, dim2)",
    },
    "as_strided_scatter": {"input": "g, and 0 where src was written"},
    "index_fill": {"value": "index_select(g, dim, index).sum()"},
    "cat": {"tensors": "its own part of g along dim"},
    "block_diag": {"tensors": "its own block of g"},
    "unbind": {"input": "stack(g, dim)"},
    "split": {"input": "cat(g, dim)"},
    "unsafe_split": {"input": "cat(g, dim)"},
    "split_with_sizes": {"input": "cat(g, dim)"},
    "unsafe_split_with_sizes": {"input": "cat(g, dim)"},
    "repeat": {"input": _COPIES},
    "tril": {"input": "tril(g, diagonal)"},
    "triu": {"input": "triu(g, diagonal)"},
    "trace": {"input": "g * eye(*input.shape)"},
    "_safe_softmax": {"input": "result * (g - sum(g * result, dim, keepdim=True))"},
    "addbmm": {"batch1": "alpha * (g @ batch2.mT)", "batch2": "alpha * (batch1.mT @ g)"},
    "linalg_inv_ex": {"input": "-result0.mH @ g @ result0.mH"},
    "linalg_det": {"input": "g * conj(result0) * inv(input).mH"},
    "linalg_slogdet": {"input": "g[1] * inv(input).mH"},
    "linalg_solve": {"input": "-solve(input.mH, g) @ result0.mH", "other": "solve(input.mH, g)"},
    "linalg_eigh": {"input": "V @ (diag(g[0]) + (V.mT @ g[1]) / d) @ V.mT with d[i, j] = L[j] - L[i]"},
    "linalg_cholesky_ex": {
        "input": "inv(L).mT @ lower(L.mT @ g) @ inv(L), made symmetric; lower halves the diagonal"
    },
    "matrix_exp": {"input": "matrix_exp([[input.mT, g], [0, input.mT]]), its upper right block"},
    "convolution": {"bias": "sum of g over batch and positions"},
    "conv_transposed": {
        "input": "convolution(g, weight, stride, padding, dilation, groups)",
        "bias": "sum of g over batch and positions",
    },
    "avg_pool2d": {"input": _MEANS},
    "avg_pool3d": {"input": _MEANS},
    "_adaptive_avg_pool2d": {"input": _MEANS},
    "_adaptive_avg_pool3d": {"input": _MEANS},
    "max_pool2d_with_indices": {"input": _WINDOWS},
    "max_pool3d_with_indices": {"input": _WINDOWS},
    "adaptive_max_pool2d": {"input": _WINDOWS},
    "adaptive_max_pool3d": {"input": _WINDOWS},
    "fractional_max_pool2d": {"input": _WINDOWS},
    "fractional_max_pool3d": {"input": _WINDOWS},
    "native_layer_norm": {"input": _NORMAL, "weight": _WEIGHT, "bias": _BIAS},
    "native_group_norm": {"input": _NORMAL, "weight": _WEIGHT, "bias": _BIAS},
    "native_batch_norm": {
        "input": f"{_NORMAL}; in eval g * weight * rstd", "weight": _WEIGHT, "bias": _BIAS,
    },
    "embedding": {"input": "sum of g over the places where a row was looked up"},
    "reflection_pad1d": {"input": _COPIES},
    "reflection_pad2d": {"input": _COPIES},
    "replication_pad1d": {"input": _COPIES},
    "replication_pad2d": {"input": _COPIES},
    "upsample_bilinear2d": {"input": _SHARES},
    "grid_sampler_2d": {"input": _SHARES},
    "grid_sampler_3d": {"input": _SHARES},
    "mse_loss": {
        "input": "2 * g * (input - target), / n for the mean",
        "target": "2 * g * (target - input), / n for the mean",
    },
    "smooth_l1_loss": {
        "input": "g * clamp((input - target) / beta, -1, 1), / n for the mean",
        "target": "-g * clamp((input - target) / beta, -1, 1), / n for the mean",
    },
    "huber_loss": {
        "input": "g * clamp(input - target, -delta, delta), / n for the mean",
        "target": "-g * clamp(input - target, -delta, delta), / n for the mean",
    },
    "nll_loss": {"input": "-g * weight at each target, 0 elsewhere; / sum of weights for the mean"},
    "binary_cross_entropy": {
        "input": "g * (input - target) / (input * (1 - input)), / n for the mean"
    },
    "binary_cross_entropy_with_logits": {
        "input": "g * weight * ((1 + (p - 1) * target) * sigmoid(input) - p * target)"
        ", / n for the mean, with p = pos_weight"
    },
    "soft_margin_loss": {"input": "-g * target * sigmoid(-target * input), / n for the mean"},
    "_weight_norm_interface": {
        "v": "scale / s * (g - v * sum(g * v) / s**2) with s = norm of v",
        "scale": "sum(g * v) / s with s = norm of v",
    },
}  # fmt: skip

#: What is called inside the engine, in words that a person can call; arguments are numbered.
_HELPERS = {
    "scaled": "_1 * _0",
    "to_complex": "_0",
    "const": "_0",
    "array": "_0",
    "axis": "_0",
    "bool_to": "_0",
    "put_along": "scatter(zeros(_2), _3, _1, _0)",
    "scatter_add_along": "scatter_add(zeros(_2), _3, _1, _0)",
    "put_at": "index_put(zeros(_1), _2, _0, accumulate=True)",
    "clear_at": "index_put(_0, _1, 0)",
    "masked_put": "masked_scatter(zeros(_2), _1, _0)",
    "masked": "where(_1, _0, 0)",
    "total": "sum(_0, _1, keepdim=True)",
    "take_along": "gather(_0, _2, _1)",
    "take_flat": "take(_0, _1)",
    "fit_into": "_0",
    "diagonal_back": "diagonal_scatter(zeros(_1), _0, _2, _3, _4)",
    "sum_to": "_0.sum_to_size(_1)",
    "pad_flat": "_0",
    "part": "_0[_1]",
    "power": "_0 ** _1",
    "shares": "expand(_0 / _2, _1)",
    "zeros_like": "0",
}


class _Readable(ast.NodeTransformer):
    def __init__(self, helpers: Mapping[str, str]) -> None:
        self._helpers = helpers

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in self._helpers or node.keywords:
            return node
        given = dict(enumerate(node.args))
        body = ast.parse(self._helpers[name], mode="eval").body
        found: ast.expr = _Filled(given).visit(body)
        return found


class _Filled(ast.NodeTransformer):
    def __init__(self, given: dict[int, ast.expr]) -> None:
        self._given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._given.get(int(node.id[1:]), node) if node.id[1:].isdigit() else node


def without_helpers(text: str) -> str:
    """Return a formula in which only what a person can call is called."""
    return _rewritten(text, _HELPERS)


def of_real_numbers(text: str) -> str:
    """Return a formula as it reads where nothing is complex."""
    return _rewritten(text, {"conj": "_0"}).replace(".mH", ".mT")


def _rewritten(text: str, helpers: Mapping[str, str]) -> str:
    if not any(f"{name}(" in text for name in helpers):
        return text
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:  # words
        return text
    return ast.unparse(_Readable(helpers).visit(tree))
