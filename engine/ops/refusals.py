"""Element types for which PyTorch has no kernel, and what it says then.

The types are letters: b(ool), i(nteger), f(loat), h(alf and bfloat16), c(omplex).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.dtype import BOOL, COMPLEX, INT, float16
from engine.tensor import Tensor

_NO_KERNEL = "\"{kernel}\" not implemented for '{type}'"


def _kernel(kernel: str) -> tuple[type[Exception], str]:
    return NotImplementedError, _NO_KERNEL.replace("{kernel}", kernel)


def _text(text: str) -> tuple[type[Exception], str]:
    return RuntimeError, text


def _low(name: str) -> tuple[type[Exception], str]:
    return _text(name + ": Low precision dtypes not supported. Got {type}")


def _real(name: str) -> tuple[type[Exception], str]:
    return _text(name + ": Expected a floating point or complex tensor as input. Got {type}")


def _truths(name: str) -> tuple[type[Exception], str]:
    return _text(name + ": received a bool input for `x` or `y`, but bool is not supported")


_QR = [("bi", _real("linalg.qr")), ("h", _kernel("geqrf_cpu"))]
_SVD = [("bi", _real("linalg.svd")), ("h", _kernel("linalg_svd_cpu"))]
_EIG = [
    ("bi", _text("Unknown Complex ScalarType for {type}")),
    ("h", _kernel("linalg_eig_out_cpu")),
]
_EIGH = [("bih", _kernel("linalg_eigh_cpu"))]
_LU = [("bih", _kernel("lu_cpu"))]
_LDL = [("h", _kernel("ldl_factor_kernel_cpu"))]
_SPECIAL = (
    "zeta ndtri log_ndtr erfcx airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t "
    "chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w hermite_polynomial_h "
    "hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p modified_bessel_i0 "
    "modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 "
    "scaled_modified_bessel_k1 shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u "
    "shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w spherical_bessel_j0"
)
_COMPLEX_NAMES = "erf erfc erfinv i0 lgamma"  # element by element, by the vector library
#: name → (types, exception class and text) in the order they are tried
REFUSED: dict[str, list[tuple[str, tuple[type[Exception], str]]]] = {
    "median": [("bc", _kernel("median_cpu"))],
    "nanmedian": [("bc", _kernel("median_cpu"))],
    "argmax": [("b", _text("argmax(): does not support bool input")), ("c", _text("argmax(): does not support complex input"))],
    "argmin": [("b", _text("argmin(): does not support bool input")), ("c", _text("argmin(): does not support complex input"))],
    "topk": [("b", _text("topk does not support bool dtypes on CPU")), ("c", _text(" topk does not support complex dtypes on CPU"))],
    "sort": [("c", _text(" Sort does not support complex dtypes on CPU"))],
    "argsort": [("c", _text(" Sort does not support complex dtypes on CPU"))],
    "msort": [("c", _text(" Sort does not support complex dtypes on CPU"))],
    "kthvalue": [("bc", _kernel("kthvalue_cpu"))],
    "mode": [("c", _kernel("mode_cpu"))],
    "unique": [("c", _kernel("unique"))],
    "nansum": [("c", _text("nansum on CPU does not support complex inputs"))],
    "nanmean": [("c", _text("nansum on CPU does not support complex inputs")), ("bi", _text("nanmean(): expected input to have floating point or complex dtype but got {type}"))],
    "logcumsumexp": [("bi", _kernel("logcumsumexp_out_cpu"))],
    "amax": [("c", _kernel("max_values_cpu"))],
    "amin": [("c", _kernel("min_values_cpu"))],
    "aminmax": [("c", _kernel("aminmax_cpu"))],
    "cummax": [("c", _kernel("cummax_helper_cpu"))],
    "cummin": [("c", _kernel("cummin_helper_cpu"))],
    "relu": [("c", (NotImplementedError, "clamp is not supported for complex types"))],
    "clamp": [("c", (NotImplementedError, "clamp is not supported for complex types"))],
    "clip": [("c", (NotImplementedError, "clamp is not supported for complex types"))],
    "round": [("c", _kernel("round_vml_cpu"))],
    "deg2rad": [("c", _text("deg2rad is not supported for complex tensors."))],
    "rad2deg": [("c", _text("rad2deg is not supported for complex tensors."))],
    "digamma": [("c", _kernel("digamma"))],
    "logit": [("c", _kernel("logit_cpu"))],
    "isposinf": [("c", _text("isposinf does not support complex inputs."))],
    "isneginf": [("c", _text("isneginf does not support complex inputs."))],
    "signbit": [("c", (NotImplementedError, "signbit is not implemented for complex tensors."))],
    "lt": [("c", _kernel("lt_cpu"))],
    "le": [("c", _kernel("le_cpu"))],
    "gt": [("c", _kernel("gt_cpu"))],
    "ge": [("c", _kernel("ge_cpu"))],
    "cdist": [("c", _text("cdist only supports floating-point dtypes, X1 got: {type}")), ("h", _kernel("cdist"))],
    "cholesky": [("bih", _kernel("cholesky_cpu"))],
    "cholesky_inverse": [("bih", _kernel("cholesky_inverse_out_cpu"))],
    "cholesky_solve": [("bih", _kernel("cholesky_solve_cpu"))],
    "cross": [("b", _kernel("cross"))],
    "geqrf": [("bih", _kernel("geqrf_cpu"))],
    "lu": [("bih", _kernel("lu_cpu"))],
    "lu_solve": [("h", _kernel("linalg.lu_solve_cpu"))],
    "triangular_solve": [("bih", _kernel("triangular_solve_cpu"))],
    "orgqr": [("bih", _kernel("orgqr_cpu"))],
    "isin": [("bc", _text("Unsupported input type encountered for isin(): {type}"))],
    "qr": _QR,
    "svd": _SVD,
    "polar": [("h", _kernel("polar_cpu"))],
    "index_reduce": [("bc", _kernel("index_func_"))],
    "unique_consecutive": [("c", _kernel("unique"))],
    "histogram": [("bic", _kernel("histogramdd"))],
    "histc": [("c", _kernel("histogram_cpu"))],
    "det": [("h", _kernel("lu_cpu"))],
    "slogdet": [("h", _low("linalg.slogdet"))],
    "inverse": [("h", _low("linalg.inv"))],
    **{
        f"fft_{name}": [("h", _text("Unsupported dtype {type}"))]
        for name in ("fft", "ifft", "rfft", "fft2", "ifft2", "rfft2", "fftn", "ifftn", "rfftn")
    },
    "searchsorted": [("bc", _kernel("searchsorted_out_cpu"))],
    "bucketize": [("bc", _kernel("searchsorted_out_cpu"))],
    "trace": [("b", _kernel("trace"))],
    "igamma": [("bic", _kernel("igamma_cpu"))],
    "igammac": [("bic", _kernel("igammac_cpu"))],
    "mvlgamma": [("b", _text("The input tensor may not be a boolean tensor."))],
    "trapz": [("b", _truths("trapezoid"))],
    "trapezoid": [("b", _truths("trapezoid"))],
    "cumulative_trapezoid": [("b", _truths("cumulative_trapezoid"))],
    "logdet": [("h", _low("logdet"))],
    "bitwise_not": [("fc", _kernel("bitwise_not_cpu"))],
    **{name: [("c", _kernel(f"{name}_vml_cpu"))] for name in _COMPLEX_NAMES.split()},
    # torch.linalg
    "linalg_cross": [("b", _kernel("cross"))],
    "linalg_det": [("h", _kernel("lu_cpu"))],
    "linalg_cholesky": [("h", _kernel("cholesky_cpu"))],
    "linalg_cholesky_ex": [("h", _kernel("cholesky_cpu"))],
    "linalg_vecdot": [("bi", _real("linalg.vecdot"))],
    "linalg_cond": _SVD,
    "linalg_svd": [_SVD[0]],
    "linalg_svdvals": _SVD,
    "linalg_eig": _EIG,
    "linalg_eigvals": _EIG,
    "linalg_eigh": _EIGH,
    "linalg_eigvalsh": _EIGH,
    "linalg_householder_product": [("bih", _kernel("orgqr_cpu"))],
    "linalg_ldl_factor": _LDL,
    "linalg_ldl_factor_ex": _LDL,
    "linalg_ldl_solve": [("bi", _real("torch.linalg.ldl_solve")), ("h", _kernel("ldl_solve_kernel_cpu"))],
    "linalg_matrix_norm": [("bi", _real("linalg.matrix_norm"))],
    "linalg_qr": _QR,
    "linalg_slogdet": [("h", _low("linalg.slogdet"))],
    "linalg_vander": [("bh", _text("linalg.vander supports floating point, complex, and integer tensors, but got {type}"))],
    "linalg_lu_factor": _LU,
    "linalg_lu_factor_ex": _LU,
    "linalg_lu": _LU,
    "linalg_lu_solve": [("h", _kernel("linalg.lu_solve_cpu"))],
    "linalg_inv": [("h", _low("linalg.inv"))],
    "linalg_inv_ex": [("h", _low("linalg.inv"))],
    "linalg_solve": [("h", _kernel("lu_cpu"))],
    "linalg_solve_ex": [("h", _kernel("lu_cpu"))],
    "linalg_solve_triangular": [("bih", _kernel("triangular_solve_cpu"))],
    "linalg_tensorsolve": [("h", _kernel("lu_cpu"))],
    # torch.special
    **{f"special_{name}": [("hc", _kernel(f"{name}_cpu"))] for name in _SPECIAL.split()},
    **{f"special_{name}": [("c", _kernel(f"{name}_cpu"))] for name in ["i0e", "i1", "i1e", "xlog1py", "entr"]},
    "special_ndtr": [("c", _kernel("erf_vml_cpu"))],
    # torch.nn.functional
    "nn_adaptive_avg_pool3d": [("bic", _kernel("adaptive_avg_pool3d_cpu"))],
    "nn_soft_margin_loss": [("i", _text("result type Float can't be cast to the desired output type {type}"))],
    "nn_multi_margin_loss": [("bich", _kernel("multi_margin_loss_cpu_kernel"))],
    "nn_multilabel_margin_loss": [("bich", _kernel("multilabel_margin_loss_forward_out_frame"))],
    "nn_max_unpool1d": [("bic", _kernel("max_unpool2d"))],
    "nn_max_unpool2d": [("bic", _kernel("max_unpool2d"))],
    "nn_max_unpool3d": [("bic", _kernel("max_unpool3d"))],
    "nn_binary_cross_entropy": [("bic", _kernel("binary_cross_entropy"))],
    "nn_nll_loss": [("bic", _kernel("nll_loss_out_frame"))],
    "nn_pdist": [("bic", _text("pdist only supports floating-point dtypes"))],
    "nn_kl_div": [("c", _text("kl_div: Complex inputs not supported."))],
    "nn_unfold": [("i", _kernel("im2col_out_cpu"))],
}  # fmt: skip


def _letter(t: Any) -> str:
    d = t._d
    if d.category == BOOL:
        return "b"
    if d.category == INT:
        return "i"
    return "c" if d.category == COMPLEX else "fh" if d.itemsize == float16.itemsize else "f"


def refusing(name: str, fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn`, which first refuses what the table refuses for `name`."""
    rules = REFUSED.get(name.rstrip("_"))
    if rules is None:
        return fn

    floats = any("f" in types for types, _ in rules)

    def call(*args: Any, **kwargs: Any) -> Any:
        t = args[0] if args else kwargs.get("input")
        if isinstance(t, Tensor) and (floats or not t._d.quick):
            refuse(rules, t)
        return fn(*args, **kwargs)

    call.__name__ = getattr(fn, "__name__", name)
    call.__qualname__ = getattr(fn, "__qualname__", name)
    call.__doc__ = fn.__doc__
    call.__wrapped__ = fn  # type: ignore[attr-defined]
    return call


def refusing_all(prefix: str, namespace: dict[str, Any]) -> None:
    """Put the refusals before the functions of a namespace, known in the table by a prefix."""
    for known in REFUSED:
        name = known.removeprefix(prefix)
        if name != known and name in namespace:
            namespace[name] = refusing(known, namespace[name])


def refuse(rules: list[tuple[str, tuple[type[Exception], str]]], t: Any) -> None:
    letters = _letter(t)
    for types, (kind, text) in rules:
        if any(letter in types for letter in letters):
            raise kind(text.replace("{type}", t._d.display))
