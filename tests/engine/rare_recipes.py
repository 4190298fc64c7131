"""Rows beside the everyday ones as functions of a few leaves, for finite differences."""

from __future__ import annotations

from typing import Any

from recipe_leaves import Fn, eye, index, mask, places

import engine as torch

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
    "euclidean_dist": (
        lambda x, y: torch.cdist(x, y + 2, compute_mode="use_mm_for_euclid_dist"),
        ((2, 3), (4, 3)),
    ),
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
    "masked_fill_tensor": (lambda x, v: x.masked_fill(mask(x), v) ** 2, ((2, 3), ())),
    "masked_scatter": (lambda x, y: x.masked_scatter(mask(x), y) ** 2, ((2, 3), (2, 3))),
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
    "unsafe_split": (lambda x: x.unsafe_split(2, 1)[0] ** 2, ((2, 3),)),
    "unsafe_split_with_sizes": (
        lambda x: x.unsafe_split_with_sizes([1, x.shape[1] - 1], 1)[1] ** 2,
        ((2, 3),),
    ),
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
    "index_copy": (lambda x, y: x.index_copy(0, index(1), y) ** 2, ((2, 3), (1, 3))),
    "index_fill": (lambda x: x.index_fill(1, index(1), 2.0) ** 2, ((2, 3),)),
    "index_fill_tensor": (lambda x, v: x.index_fill(1, index(1), v) ** 2, ((2, 3), ())),
    "index_put": (
        lambda x, y: x.index_put((index(*[0] * len(y)),), y, accumulate=True) ** 2,
        ((2, 3), (2, 3)),
    ),
    "scatter_number": (lambda x: x.scatter(1, torch.tensor([[0], [1]]), 2.0) ** 2, ((2, 3),)),
    "scatter_reduce": (
        lambda x, y: x.scatter_reduce(1, places(y, x.shape[1]), y, "mean") ** 2,
        ((2, 3), (2, 2)),
    ),
    "put": (lambda x, y: x.put(index(*range(0, 2 * len(y), 2)), y) ** 2, ((2, 3), (2,))),
    "take_along_dim": (
        lambda x: torch.take_along_dim(x, index(*[[2]] * len(x)), 1) ** 2,
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
    "slogdet": (lambda a: torch.slogdet(a @ a.mT + eye(a))[1], ((2, 2),)),
    "eigh": (lambda a: torch.linalg.eigh(a + a.mT)[0], ((2, 2),)),
    "solve_triangular": (
        lambda a, b: torch.linalg.solve_triangular(a.tril() + eye(a), b, upper=False),
        ((2, 2), (2, 1)),
    ),
    "lstsq": (lambda a, b: torch.linalg.lstsq(a, b).solution, ((3, 2), (3, 1))),
    "svd": (lambda a: torch.linalg.svd(a, full_matrices=False).S, ((2, 3),)),
    "eig": (lambda a: torch.linalg.eig(a + 3 * eye(a))[0].abs().sum(), ((2, 2),)),
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
    "third_of_take": (lambda x: _slope(lambda v: v.take(index(0, 4)) ** 3, x), ((2, 3),)),
    "third_of_select": (lambda x: _slope(lambda v: v.masked_select(mask(v)) ** 3, x), ((2, 3),)),
    "third_of_scatter": (
        lambda x, y: _slope(lambda v: x.masked_scatter(mask(x), v) ** 3, y),
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
    z[index(*range(len(y))), index(2, *[0] * (len(y) - 1))] = y * y
    return z * z


def _with_scaled_column(x: Any) -> Any:
    z = x * 1
    z[:, 1].mul_(x[:, 0])
    return z * z
