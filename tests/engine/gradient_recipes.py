"""The operations as functions of a few leaves, for finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import engine as torch

Fn = Callable[..., Any]


def leaf(*shape: int, low: float = 0.3, high: float = 1.7, place: int = 0) -> Any:
    """A float64 leaf with positive entries that are well apart, others for each `place`."""
    rng = np.random.default_rng([place, len(shape), *shape])
    n = int(np.prod(shape))
    values = np.linspace(low, high, n) + rng.uniform(0, 0.01) if n else np.zeros(0)
    return torch.tensor(rng.permutation(values).reshape(shape), requires_grad=True)


def leaves(shapes: Sequence[Sequence[int]]) -> tuple[Any, ...]:
    """One leaf of each shape."""
    return tuple(leaf(*shape, place=i) for i, shape in enumerate(shapes))


def _index(*values: Any) -> Any:
    return torch.tensor(values)


def _places(y: Any, n: int) -> Any:
    """Indices below n in the shape of a tensor."""
    return torch.arange(y.numel()).reshape(y.shape) % n


def _old_solve(*args: Any) -> Any:
    """torch.triangular_solve, which warns that it has a successor."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.triangular_solve(*args)


def _mask(x: Any) -> Any:
    """A mask of the shape of a tensor, two thirds of it true."""
    return torch.arange(x.numel()).reshape(x.shape) % 3 != 1


def _eye(a: Any) -> Any:
    """The identity beside a matrix."""
    return torch.eye(a.shape[-1], dtype=torch.float64)


def _targets(x: Any) -> Any:
    """A class for each row."""
    return torch.arange(x.shape[0]) * 2 % x.shape[1]


POINTWISE = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "sin",
    "cos",
    "tan",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "sigmoid",
    "neg",
    "abs",
    "square",
    "erf",
    "erfc",
    "lgamma",
    "digamma",
    "sinc",
    "relu",
    "deg2rad",
]
PAIR = ((2, 3), (3,))
#: Rows beside the everyday ones: by name, a function and the shapes of its arguments.
MORE: dict[str, tuple[Fn, tuple[tuple[int, ...], ...]]] = {
    "acosh": (lambda x: torch.acosh(x + 1), ((3,),)),
    "i0": (torch.i0, ((3,),)),
    "rad2deg": (torch.rad2deg, ((3,),)),
    "frac": (torch.frac, ((4,),)),
    "special_i1": (torch.special.i1, ((3,),)),
    "polygamma": (lambda x: torch.polygamma(2, x), ((3,),)),
    "igamma": (lambda x: torch.igamma(torch.full_like(x, 1.5).detach(), x), ((3,),)),
    "nan_to_num": (torch.nan_to_num, ((3,),)),
    "remainder": (lambda x, y: torch.remainder(x + 2, y), PAIR),
    "fmod": (lambda x, y: torch.fmod(x + 2, y), PAIR),
    "remainder_number": (lambda x: x % 0.7, ((3,),)),
    "fmod_number": (lambda x: x.fmod(0.7), ((3,),)),
    "div_none": (lambda x, y: torch.div(x, y, rounding_mode=None), PAIR),
    "rsub_tensors": (lambda x, y: torch.rsub(x, y, alpha=2), PAIR),
    "minimum": (lambda x, y: torch.minimum(x, y + 0.05), PAIR),
    "fmax": (lambda x, y: torch.fmax(x, y + 0.05), PAIR),
    "fmin": (lambda x, y: torch.fmin(x, y + 0.05), PAIR),
    "logaddexp2": (torch.logaddexp2, PAIR),
    "copysign": (lambda x, y: torch.copysign(x, -y), PAIR),
    "copysign_number": (lambda x: torch.copysign(x, -2.0), ((3,),)),
    "ldexp": (torch.ldexp, PAIR),
    "dist": (lambda x, y: torch.dist(x, y + 2, 3), PAIR),
    "dist1": (lambda x, y: torch.dist(x, y + 2, 1), PAIR),
    "renorm": (lambda x: torch.renorm(x, 2, 0, 1.0), ((2, 3),)),
    "norm1": (lambda x: x.norm(1, 0), ((2, 3),)),
    "norm_inf": (lambda x: x.norm(float("inf")), ((2, 3),)),
    "lerp_number": (lambda x, y: torch.lerp(x, y, 0.3), PAIR),
    "clamp_min": (lambda x: x.clamp_min(0.75), ((4,),)),
    "clamp_max": (lambda x: x.clamp_max(0.75), ((4,),)),
    "clamp_tensors": (lambda x, a, b: x.clamp(a + 0.02, b + 0.07), ((4,), (4,), (4,))),
    "clamp_low": (lambda x, a: x.clamp(min=a + 0.05), ((4,), (4,))),
    "clamp_high": (lambda x, a: x.clamp(max=a + 0.05), ((4,), (4,))),
    "clamp_min_tensor": (lambda x, a: x.clamp_min(a + 0.05), ((4,), (4,))),
    "clamp_max_tensor": (lambda x, a: x.clamp_max(a + 0.05), ((4,), (4,))),
    "masked_fill_tensor": (lambda x, v: x.masked_fill(_mask(x), v) ** 2, ((2, 3), ())),
    "masked_scatter": (lambda x, y: x.masked_scatter(_mask(x), y) ** 2, ((2, 3), (2, 3))),
    "mean": (lambda x: x.mean() ** 2, ((2, 3),)),
    "nansum": (lambda x: x.nansum() ** 2, ((2, 3),)),
    "min": (lambda x: x.min() ** 2, ((2, 3),)),
    "min_dim": (lambda x: x.min(1)[0] ** 2, ((2, 3),)),
    "aminmax": (lambda x: torch.aminmax(x, dim=1), ((2, 3),)),
    "cummin": (lambda x: x.cummin(1)[0] ** 2, ((2, 3),)),
    "median_dim": (lambda x: x.median(1)[0] ** 2, ((2, 3),)),
    "nanmedian": (lambda x: x.nanmedian() ** 2, ((5,),)),
    "nanmedian_dim": (lambda x: x.nanmedian(1)[0] ** 2, ((2, 3),)),
    "mode": (lambda x: x.mode(1)[0] ** 2, ((2, 3),)),
    "kthvalue": (lambda x: x.kthvalue(2)[0] ** 2, ((2, 3),)),
    "quantile": (lambda x: x.quantile(0.3) ** 2, ((5,),)),
    "logcumsumexp": (lambda x: x.logcumsumexp(1), ((2, 3),)),
    "std_mean": (lambda x: torch.std_mean(x, 1), ((2, 3),)),
    "cov": (lambda x: torch.cov(x), ((2, 4),)),
    "corrcoef": (lambda x: torch.corrcoef(x), ((2, 4),)),
    "gradient": (lambda x: torch.gradient(x * x)[0], ((2, 3),)),
    "trapezoid": (lambda x: torch.trapezoid(x * x), ((2, 3),)),
    "squeeze_all": (lambda x: x[None].squeeze() ** 2, ((3,),)),
    "squeeze_dims": (lambda x: x[None, :, None].squeeze((0, 2)) ** 2, ((3,),)),
    "t": (lambda x: x.t() * x.t(), ((2, 3),)),
    "reshape_copy": (lambda x: x.t().reshape(-1) ** 2, ((2, 3),)),
    "clone": (lambda x: x.clone() ** 2, ((3,),)),
    "contiguous": (lambda x: x.t().contiguous() ** 2, ((2, 3),)),
    "alias": (lambda x: x[...] ** 2, ((3,),)),
    "split_sizes": (lambda x: x.split([1, x.shape[1] - 1], 1)[1] ** 2, ((2, 3),)),
    "triu": (lambda x: x.triu() ** 2, ((3, 3),)),
    "rot90": (lambda x: torch.rot90(x) ** 2, ((2, 3),)),
    "diag": (lambda x: x.diag() ** 2, ((3, 3),)),
    "select_scatter": (lambda x, y: x.select_scatter(y, 0, 1) ** 2, ((2, 3), (3,))),
    "slice_scatter": (lambda x, y: x.slice_scatter(y, 1, 1, 2) ** 2, ((2, 3), (2, 1))),
    "diagonal_scatter": (lambda x, y: x.diagonal_scatter(y) ** 2, ((3, 3), (3,))),
    "strided_scatter": (
        lambda x, y: torch.as_strided_scatter(x, y, y.shape, (2,)) ** 2,
        ((2, 3), (2,)),
    ),
    "index_copy": (lambda x, y: x.index_copy(0, _index(1), y) ** 2, ((2, 3), (1, 3))),
    "index_fill": (lambda x: x.index_fill(1, _index(1), 2.0) ** 2, ((2, 3),)),
    "index_put": (
        lambda x, y: x.index_put((_index(*[0] * len(y)),), y, accumulate=True) ** 2,
        ((2, 3), (2, 3)),
    ),
    "scatter_number": (lambda x: x.scatter(1, torch.tensor([[0], [1]]), 2.0) ** 2, ((2, 3),)),
    "scatter_reduce": (
        lambda x, y: x.scatter_reduce(1, _places(y, x.shape[1]), y, "mean") ** 2,
        ((2, 3), (2, 2)),
    ),
    "put": (lambda x, y: x.put(_index(*range(0, 2 * len(y), 2)), y) ** 2, ((2, 3), (2,))),
    "take_along_dim": (
        lambda x: torch.take_along_dim(x, _index(*[[2]] * len(x)), 1) ** 2,
        ((2, 3),),
    ),
    "addmv": (lambda c, a, b: torch.addmv(c, a, b, beta=0.5), ((2,), (2, 3), (3,))),
    "addr": (lambda c, a, b: torch.addr(c, a, b, alpha=2), ((2, 3), (2,), (3,))),
    "addbmm": (lambda c, a, b: torch.addbmm(c, a, b), ((2, 2), (2, 2, 3), (2, 3, 2))),
    "baddbmm": (lambda c, a, b: torch.baddbmm(c, a, b), ((2, 2, 2), (2, 2, 3), (2, 3, 2))),
    "vdot": (torch.vdot, ((3,), (3,))),
    "cross": (lambda x, y: torch.linalg.cross(x, y), ((2, 3), (2, 3))),
    "inner": (torch.inner, ((2, 3), (2, 3))),
    "kron": (torch.kron, ((2, 2), (2, 1))),
    "matrix_power": (lambda a: torch.matrix_power(a, 3), ((2, 2),)),
    "slogdet": (lambda a: torch.slogdet(a @ a.mT + _eye(a))[1], ((2, 2),)),
    "eigh": (lambda a: torch.linalg.eigh(a + a.mT)[0], ((2, 2),)),
    "solve_triangular": (
        lambda a, b: torch.linalg.solve_triangular(a.tril() + _eye(a), b, upper=False),
        ((2, 2), (2, 1)),
    ),
    "lstsq": (lambda a, b: torch.linalg.lstsq(a, b).solution, ((3, 2), (3, 1))),
    "svd": (lambda a: torch.linalg.svd(a, full_matrices=False).S, ((2, 3),)),
    "eig": (lambda a: torch.linalg.eig(a + 3 * _eye(a))[0].abs().sum(), ((2, 2),)),
    "conj_physical": (
        lambda x, y: torch.conj_physical(torch.complex(x, y)).abs() ** 2,
        ((3,), (3,)),
    ),
    "amax": (lambda x: x.amax(1) ** 2, ((2, 3),)),
    "fill": (lambda x: _filled(x, 2.0), ((2, 3),)),
    "fill_tensor": (lambda x, v: _filled(x, v), ((2, 3), ())),
    "zero": (lambda x: _zeroed(x), ((2, 3),)),
    "written_places": (lambda x, y: _with_places(x, y), ((2, 3), (2,))),
    **{
        f"special_{name}": (lambda x, name=name: getattr(torch.special, name)(x / 2), ((3,),))
        for name in ("entr", "erfcx", "i0e", "i1e", "log_ndtr", "ndtr", "ndtri")
    },
    "pairwise_distance": (
        lambda x, y: torch.nn.functional.pairwise_distance(x, y + 2),
        ((2, 3), (2, 3)),
    ),
    "float_linear": (
        lambda x, w, b: torch.nn.functional.linear(x, w, b),
        ((2, 3), (2, 3), (2,)),
    ),
    "third_of_max": (lambda x: _slope(lambda v: v.max(1)[0] ** 3, x), ((2, 3),)),
    "third_of_take": (lambda x: _slope(lambda v: v.take(_index(0, 4)) ** 3, x), ((2, 3),)),
    "third_of_select": (lambda x: _slope(lambda v: v.masked_select(_mask(v)) ** 3, x), ((2, 3),)),
    "third_of_scatter": (
        lambda x, y: _slope(lambda v: x.masked_scatter(_mask(x), v) ** 3, y),
        ((2, 3), (2, 3)),
    ),
    "third_of_narrow": (
        lambda x, y: _slope(lambda v: x.scatter(1, torch.tensor([[0], [1]]), v) ** 3, y),
        ((2, 3), (2, 2)),
    ),
    "angle": (lambda x, y: torch.complex(x, y).angle(), ((3,), (3,))),
    "complex_abs": (lambda x, y: torch.complex(x, y).abs(), ((3,), (3,))),
    "complex_parts": (
        lambda x, y: (torch.complex(x, y) * torch.complex(y, x).conj()).imag,
        ((3,), (3,)),
    ),
    "view_as_real": (lambda x, y: torch.view_as_real(torch.complex(x, y)) ** 2, ((3,), (3,))),
    "view_as_complex": (lambda x: torch.view_as_complex(x).abs() ** 2, ((3, 2),)),
    "setitem": (lambda x, y: _with_row(x, y), ((2, 3), (3,))),
    "in_place": (lambda x: (x * 1).mul_(x).add_(1).exp_(), ((2, 3),)),
    "written_view": (lambda x: _with_scaled_column(x), ((2, 3),)),
    "to": (lambda x: x.to(torch.float32).to(torch.float64) * 0 + x * x, ((3,),)),
}


def _with_row(x: Any, y: Any) -> Any:
    z = x * 1
    z[0] = y * y
    return z * z


def _slope(fn: Fn, x: Any) -> Any:
    """The gradient of a function as a function, to look at rows of the second pass."""
    recorded = torch.is_grad_enabled()
    with torch.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        return torch.autograd.grad(fn(x).sum(), x, create_graph=recorded)[0]


def _filled(x: Any, value: Any) -> Any:
    z = x * 1
    z[0].fill_(value)
    return z * z


def _zeroed(x: Any) -> Any:
    z = x * 1
    z[:, 0].zero_()
    return z * z


def _with_places(x: Any, y: Any) -> Any:
    z = x * 1
    z[_index(*range(len(y))), _index(2, *[0] * (len(y) - 1))] = y * y
    return z * z


def _with_scaled_column(x: Any) -> Any:
    z = x * 1
    z[:, 1].mul_(x[:, 0])
    return z * z


F = torch.nn.functional
IMAGE, KERNEL = (1, 2, 4, 4), (2, 2, 2, 2)
LAYERS: dict[str, tuple[Fn, tuple[tuple[int, ...], ...]]] = {
    **{
        name: (lambda x, name=name: getattr(F, name)(x - 1.03), ((2, 3),))
        for name in (
            "elu",
            "celu",
            "selu",
            "gelu",
            "silu",
            "mish",
            "softplus",
            "logsigmoid",
            "leaky_relu",
            "hardswish",
            "hardsigmoid",
            "hardtanh",
            "softsign",
            "tanhshrink",
            "softshrink",
            "hardshrink",
            "relu6",
        )
    },
    "glu": (F.glu, ((2, 4),)),
    "prelu": (lambda x, w: F.prelu(x - 1.03, w), ((2, 3), (1,))),
    "threshold": (lambda x: F.threshold(x, 1.03, 0.5), ((2, 3),)),
    "conv1d": (F.conv1d, ((1, 2, 5), (3, 2, 2))),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, 2, 1), (IMAGE, KERNEL, (2,))),
    "conv_transpose2d": (lambda x, w: F.conv_transpose2d(x, w, stride=2), (IMAGE, KERNEL)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 2) ** 2, (IMAGE,)),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2) ** 2, (IMAGE,)),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, 3) ** 2, (IMAGE,)),
    "adaptive_max_pool2d": (lambda x: F.adaptive_max_pool2d(x, 3) ** 2, (IMAGE,)),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, w.shape, w, b), ((2, 3), (3,), (3,))),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b), ((2, 4, 2), (4,), (4,))),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        ((4, 3), (3,), (3,)),
    ),
    "embedding": (lambda w: F.embedding(torch.tensor([0, 2, 0]), w) ** 2, ((3, 2),)),
    "pad_reflect": (lambda x: F.pad(x, (1, 1), mode="reflect") ** 2, ((2, 3),)),
    "pad_replicate": (lambda x: F.pad(x, (1, 2), mode="replicate") ** 2, ((2, 3),)),
    "pad_constant": (lambda x: F.pad(x, (1, -1), value=2.0) ** 2, ((2, 3),)),
    "interpolate": (
        lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
        (IMAGE,),
    ),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2) ** 2, ((1, 4, 2, 2),)),
    "im2col": (lambda x: F.unfold(x, 2) ** 2, (IMAGE,)),
    "mse_loss": (F.mse_loss, ((2, 3), (2, 3))),
    "smooth_l1_loss": (lambda x, y: F.smooth_l1_loss(x, y + 0.05), ((2, 3), (2, 3))),
    "huber_loss": (lambda x, y: F.huber_loss(x, y + 0.05), ((2, 3), (2, 3))),
    "cross_entropy": (lambda x: F.cross_entropy(x, _targets(x)), ((2, 3),)),
    "nll_loss": (lambda x: F.nll_loss(x * x, _targets(x)), ((2, 3),)),
    "binary_cross_entropy": (
        lambda x: F.binary_cross_entropy(x / 2, torch.full_like(x, 0.3).detach()),
        ((2, 3),),
    ),
    "binary_cross_entropy_with_logits": (
        lambda x: F.binary_cross_entropy_with_logits(x, torch.full_like(x, 0.3).detach()),
        ((2, 3),),
    ),
    "kl_div": (lambda x, y: F.kl_div(x, y, reduction="sum"), ((2, 3), (2, 3))),
    "soft_margin_loss": (
        lambda x: F.soft_margin_loss(x, torch.ones_like(x).detach()),
        ((2, 3),),
    ),
    "cosine_similarity": (F.cosine_similarity, ((2, 3), (2, 3))),
    "normalize": (F.normalize, ((2, 3),)),
    "attention": (
        F.scaled_dot_product_attention,
        ((1, 2, 3), (1, 2, 3), (1, 2, 3)),
    ),
}
ROWS: dict[str, tuple[Fn, tuple[tuple[int, ...], ...]]] = {
    **{name: (lambda x, name=name: getattr(torch, name)(x), ((2, 3),)) for name in POINTWISE},
    "asin": (lambda x: torch.asin(x / 2), ((3,),)),
    "acos": (lambda x: torch.acos(x / 2), ((3,),)),
    "atanh": (lambda x: torch.atanh(x / 2), ((3,),)),
    "logit": (lambda x: torch.logit(x / 2), ((3,),)),
    "erfinv": (lambda x: torch.erfinv(x / 2), ((3,),)),
    "add": (lambda x, y: torch.add(x, y, alpha=2), ((2, 3), (3,))),
    "sub": (lambda x, y: x - y, ((2, 1), (1, 3))),
    "mul": (lambda x, y: x * y, ((2, 3), (3,))),
    "div": (lambda x, y: x / y, ((2, 3), (2, 1))),
    "rsub": (lambda x: 3 - x, ((3,),)),
    "rdiv": (lambda x: 3 / x, ((3,),)),
    "pow": (lambda x: x**3, ((2, 3),)),
    "pow_tensor": (lambda x, y: x**y, ((2, 3), (3,))),
    "rpow": (lambda x: 2**x, ((3,),)),
    "maximum": (lambda x, y: torch.maximum(x, y + 0.05), ((2, 3), (3,))),
    "atan2": (torch.atan2, ((2, 3), (3,))),
    "hypot": (torch.hypot, ((2, 3), (3,))),
    "logaddexp": (torch.logaddexp, ((2, 3), (3,))),
    "xlogy": (torch.xlogy, ((3,), (3,))),
    "xlogy_number": (lambda x: x.xlogy(2.5), ((3,),)),
    "lerp": (torch.lerp, ((3,), (3,), (3,))),
    "addcmul": (torch.addcmul, ((3,), (3,), (3,))),
    "addcdiv": (torch.addcdiv, ((3,), (3,), (3,))),
    "where": (lambda x, y: torch.where(_mask(x), x, y), ((2, 3), (3,))),
    "clamp": (lambda x: x.clamp(0.45, 1.45), ((2, 4),)),
    "masked_fill": (lambda x: x.masked_fill(_mask(x), 2.0), ((2, 3),)),
    "masked_select": (lambda x: x.masked_select(_mask(x)), ((2, 3),)),
    "sum": (lambda x: x.sum(), ((2, 3),)),
    "sum_dim": (lambda x: x.sum((0, 2)), ((2, 3, 2),)),
    "mean_dim": (lambda x: x.mean(1, True), ((2, 3),)),
    "prod": (lambda x: x.prod(), ((4,),)),
    "prod_dim": (lambda x: x.prod(1), ((2, 3),)),
    "var": (lambda x: x.var(1), ((2, 3),)),
    "std": (lambda x: x.std(), ((2, 3),)),
    "var_mean": (lambda x: torch.var_mean(x, 1)[0], ((2, 3),)),
    "norm": (lambda x: x.norm(), ((2, 3),)),
    "norm3": (lambda x: x.norm(3, 1), ((2, 3),)),
    "max": (lambda x: x.max(), ((2, 3),)),
    "max_dim": (lambda x: x.max(1)[0], ((2, 3),)),
    "amin": (lambda x: x.amin(0), ((2, 3),)),
    "median": (lambda x: x.median(), ((5,),)),
    "logsumexp": (lambda x: x.logsumexp(1), ((2, 3),)),
    "softmax": (lambda x: x.softmax(1), ((2, 3),)),
    "log_softmax": (lambda x: x.log_softmax(0), ((2, 3),)),
    "cumsum": (lambda x: x.cumsum(1), ((2, 3),)),
    "cumprod": (lambda x: x.cumprod(1), ((2, 3),)),
    "cummax": (lambda x: x.cummax(1)[0], ((2, 3),)),
    "sort": (lambda x: x.sort(1)[0], ((2, 3),)),
    "stable_sort": (lambda x: x.sort(dim=1, stable=True)[0] ** 2, ((2, 3),)),
    "topk": (lambda x: x.topk(2)[0], ((2, 3),)),
    "view": (lambda x: x.view(x.shape[::-1]) * x.view(-1, x.shape[0]), ((2, 3),)),
    "transpose": (lambda x: x.transpose(0, 2) ** 2, ((2, 3, 2),)),
    "permute": (lambda x: x.permute(2, 0, 1) ** 2, ((2, 3, 2),)),
    "expand": (lambda x: x.expand(2, *x.shape) ** 2, ((3,),)),
    "squeeze": (lambda x: x.unsqueeze(1).squeeze(1) ** 2, ((3,),)),
    "select": (lambda x: x[1] * x[0], ((2, 3),)),
    "slice": (lambda x: x[:, ::2] ** 2, ((2, 3),)),
    "index": (lambda x: x[_index(0, 1, 0)] ** 2, ((2, 3),)),
    "mask": (lambda x: x[_mask(x)] ** 2, ((2, 3),)),
    "gather": (lambda x: x.gather(1, torch.tensor([[0, 2], [1, 1]])) ** 2, ((2, 3),)),
    "scatter": (
        lambda x, y: x.scatter(1, torch.tensor([[0, 2], [1, 0]]), y) ** 2,
        ((2, 3), (2, 2)),
    ),
    "scatter_add": (
        lambda x, y: x.scatter_add(1, torch.tensor([[0, 0], [1, 0]]), y) ** 2,
        ((2, 3), (2, 2)),
    ),
    "index_select": (lambda x: x.index_select(1, _index(2, 0)) ** 2, ((2, 3),)),
    "index_add": (lambda x, y: x.index_add(0, _index(*[0] * len(y)), y) ** 2, ((2, 3), (2, 3))),
    "take": (lambda x: x.take(_index(0, 4, 4)) ** 2, ((2, 3),)),
    "cat": (lambda x, y: torch.cat([x, y]) ** 2, ((2, 3), (1, 3))),
    "stack": (lambda x, y: torch.stack([x, y], 1) ** 2, ((3,), (3,))),
    "unbind": (lambda x: x.unbind(1)[1] * x.unbind(1)[0], ((2, 3),)),
    "split": (lambda x: x.split(2, 1)[0] * 2, ((2, 3),)),
    "repeat": (lambda x: x.repeat(2, 2) ** 2, ((2, 3),)),
    "roll": (lambda x: x.roll(1, 0) * x, ((2, 3),)),
    "flip": (lambda x: x.flip(0) * x, ((2, 3),)),
    "tril": (lambda x: x.tril() ** 2, ((3, 3),)),
    "diagonal": (lambda x: x.diagonal() ** 2, ((2, 3),)),
    "diag_embed": (lambda x: torch.diag_embed(x) ** 2, ((3,),)),
    "trace": (lambda x: x.trace() ** 2, ((3, 3),)),
    "unfold": (lambda x: x.unfold(0, 2, 1) ** 2, ((4,),)),
    "as_strided": (lambda x: x.as_strided((2, 2), (1, 2)) ** 2, ((5,),)),
    "mm": (lambda x, y: x @ y, ((2, 3), (3, 2))),
    "mv": (lambda x, y: x @ y, ((2, 3), (3,))),
    "dot": (lambda x, y: x @ y, ((3,), (3,))),
    "bmm": (lambda x, y: x @ y, ((2, 2, 3), (2, 3, 2))),
    "matmul_broadcast": (lambda x, y: x @ y, ((2, 1, 2, 3), (3, 3, 2))),
    "matmul_folded": (lambda x, y: x @ y, ((2, 2, 3), (3, 2))),
    "addmm": (lambda x, y, z: torch.addmm(x, y, z, beta=0.5, alpha=2), ((2,), (2, 3), (3, 2))),
    "outer": (torch.outer, ((2,), (3,))),
    "block_diag": (lambda x, y: torch.block_diag(x, y), ((2, 3), (2,))),
    "pinv": (lambda x: torch.linalg.pinv(x + 3 * torch.eye(*x.shape, dtype=x.dtype)), ((3, 2),)),
    "attention": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        ((1, 2, 3, 2), (1, 2, 3, 2), (1, 2, 3, 2)),
    ),
    "over": (torch.trapezoid, ((3,), (3,))),
    "minus": (
        lambda x, y: F.cosine_embedding_loss(x, y, -torch.ones(x.shape[0]), margin=-2.0),
        ((2, 3), (2, 3)),
    ),
    "times": (torch.trapezoid, ((2, 3),)),
    "einsum": (lambda x, y: torch.einsum("bij,jk->bik", x, y), ((2, 2, 3), (3, 2))),
    "cdist": (lambda x, y: torch.cdist(x, y + 2), ((2, 3), (2, 3))),
    "inverse": (lambda x: torch.inverse(x + 3 * _eye(x)), ((2, 2),)),
    "det": (lambda x: torch.det(x), ((3, 3),)),
    "logdet": (lambda x: torch.logdet(x @ x.mT + _eye(x)), ((2, 2),)),
    "solve": (
        lambda a, b: torch.linalg.solve(a + 3 * _eye(a), b),
        ((2, 2), (2, 1)),
    ),
    "cholesky": (
        lambda a: torch.linalg.cholesky(a @ a.mT + _eye(a)),
        ((2, 2),),
    ),
    "svdvals": (lambda a: torch.linalg.svdvals(a), ((2, 3),)),
    "eigvalsh": (lambda a: torch.linalg.eigvalsh(a + a.mT), ((2, 2),)),
    "fft_c2c": (lambda x: torch.fft.ifftn(torch.fft.fft(x) ** 2, norm="ortho"), ((2, 3),)),
    "fft_r2c": (lambda x: torch.view_as_real(torch.fft.rfft2(x**2, (3, 4))), ((2, 3),)),
    "fft_c2r": (lambda x: torch.fft.irfft(torch.fft.rfft(x) ** 2, 4), ((2, 5),)),
    "hfft": (lambda x: torch.fft.hfft(torch.fft.ihfft(x) ** 2, 5), ((2, 6),)),
    "solve from the right": (
        lambda a, b: torch.linalg.solve(a + 3 * _eye(a), b, left=False),
        ((2, 2), (3, 2)),
    ),
    "lu": (lambda a: torch.linalg.lu(a)[1:], ((3, 3),)),
    "lu of a wide matrix": (lambda a: torch.linalg.lu(a)[1:], ((2, 3),)),
    "lu of a tall matrix": (lambda a: torch.linalg.lu(a)[1:], ((3, 2),)),
    "lu_factor": (lambda a: torch.linalg.lu_factor(a)[0], ((3, 3),)),
    "lu_unpack": (lambda a: torch.lu_unpack(a**2, torch.tensor([2, 2]).int())[1:], ((2, 3),)),
    "lu_unpack of a tall matrix": (
        lambda a: torch.lu_unpack(a**2, torch.tensor([2, 2]).int())[1:],
        ((3, 2),),
    ),
    **{
        f"lu_solve, left={left}, adjoint={adjoint}": (
            lambda a, b, left=left, adjoint=adjoint: torch.linalg.lu_solve(
                a, torch.tensor([2, 2]).int(), b, left=left, adjoint=adjoint
            ),
            ((2, 2), (2, 3) if left else (3, 2)),
        )
        for left in (True, False)
        for adjoint in (True, False)
    },
    "cholesky_solve": (
        lambda b, a: torch.cholesky_solve(b, torch.linalg.cholesky(a @ a.mT + _eye(a))),
        ((2, 3), (2, 2)),
    ),
    "cholesky_solve, upper": (
        lambda b, a: torch.cholesky_solve(b, torch.linalg.cholesky(a @ a.mT + _eye(a)).mT, True),
        ((2, 3), (2, 2)),
    ),
    "cholesky_inverse": (
        lambda a: torch.cholesky_inverse(torch.linalg.cholesky(a @ a.mT + _eye(a))),
        ((2, 2),),
    ),
    "triangular_solve": (
        lambda b, a: _old_solve(b, a + _eye(a))[0] ** 2,
        ((2, 3), (2, 2)),
    ),
    "triangular_solve, transposed": (
        lambda b, a: _old_solve(b, a, False, True, True)[0] ** 2,
        ((2, 3), (2, 2)),
    ),
    "frexp": (lambda x: torch.frexp(x + 0.1)[0] ** 2, ((3,),)),
    "mvlgamma": (lambda x: torch.mvlgamma(x + 2, 3), ((3,),)),
    "matrix_exp": (lambda a: torch.matrix_exp(a / 2), ((2, 2),)),
    "qr": (lambda a: torch.linalg.qr(a)[1], ((3, 2),)),
    "qr of a wide matrix": (lambda a: torch.linalg.qr(a), ((2, 3),)),
    "qr of a wide matrix, Q alone": (lambda a: torch.linalg.qr(a)[0], ((2, 3),)),
    **MORE,
    **LAYERS,
}

#: Rows whose sizes the operation itself demands: vectors of 3, pairs, an even number, whole groups.
FIXED = {"cross", "view_as_complex", "glu", "group_norm", "pixel_shuffle"}
_ALONE = (
    "add sub mul div rsub rdiv pow pow_tensor rpow maximum atan2 hypot logaddexp xlogy lerp addcmul "
    "addcdiv clamp_tensors clamp_low clamp_high remainder_number fmod_number copysign_number "
    "asin acos atanh logit erfinv acosh i0 rad2deg special_i1 xlogy_number nan_to_num "
)
#: Rows that go element by element, so that any shapes do which broadcast.
ELEMENTWISE = {
    *POINTWISE,
    *(name for name, (_, shapes) in MORE.items() if shapes == PAIR),
    *_ALONE.split(),
} - {"dist", "dist1", "setitem", "select_scatter"}
