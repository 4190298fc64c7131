"""The operations as functions of a few leaves, for finite differences."""

from __future__ import annotations

from later_recipes import LATER, SAMPLED
from layer_recipes import LAYERS
from rare_recipes import MORE, PAIR
from recipe_leaves import Fn, eye, index, mask, old_solve

import engine as torch

F = torch.nn.functional
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
    "where": (lambda x, y: torch.where(mask(x), x, y), ((2, 3), (3,))),
    "clamp": (lambda x: x.clamp(0.45, 1.45), ((2, 4),)),
    "masked_fill": (lambda x: x.masked_fill(mask(x), 2.0), ((2, 3),)),
    "masked_select": (lambda x: x.masked_select(mask(x)), ((2, 3),)),
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
    "index": (lambda x: x[index(0, 1, 0)] ** 2, ((2, 3),)),
    "mask": (lambda x: x[mask(x)] ** 2, ((2, 3),)),
    "gather": (lambda x: x.gather(1, torch.tensor([[0, 2], [1, 1]])) ** 2, ((2, 3),)),
    "scatter": (
        lambda x, y: x.scatter(1, torch.tensor([[0, 2], [1, 0]]), y) ** 2,
        ((2, 3), (2, 2)),
    ),
    "scatter_add": (
        lambda x, y: x.scatter_add(1, torch.tensor([[0, 0], [1, 0]]), y) ** 2,
        ((2, 3), (2, 2)),
    ),
    "index_select": (lambda x: x.index_select(1, index(2, 0)) ** 2, ((2, 3),)),
    "index_add": (lambda x, y: x.index_add(0, index(*[0] * len(y)), y) ** 2, ((2, 3), (2, 3))),
    "take": (lambda x: x.take(index(0, 4, 4)) ** 2, ((2, 3),)),
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
    "inverse": (lambda x: torch.inverse(x + 3 * eye(x)), ((2, 2),)),
    "det": (lambda x: torch.det(x), ((3, 3),)),
    "logdet": (lambda x: torch.logdet(x @ x.mT + eye(x)), ((2, 2),)),
    "solve": (
        lambda a, b: torch.linalg.solve(a + 3 * eye(a), b),
        ((2, 2), (2, 1)),
    ),
    "cholesky": (
        lambda a: torch.linalg.cholesky(a @ a.mT + eye(a)),
        ((2, 2),),
    ),
    "svdvals": (lambda a: torch.linalg.svdvals(a), ((2, 3),)),
    "eigvalsh": (lambda a: torch.linalg.eigvalsh(a + a.mT), ((2, 2),)),
    "fft_c2c": (lambda x: torch.fft.ifftn(torch.fft.fft(x) ** 2, norm="ortho"), ((2, 3),)),
    "fft_r2c": (lambda x: torch.view_as_real(torch.fft.rfft2(x**2, (3, 4))), ((2, 3),)),
    "fft_c2r": (lambda x: torch.fft.irfft(torch.fft.rfft(x) ** 2, 4), ((2, 5),)),
    "hfft": (lambda x: torch.fft.hfft(torch.fft.ihfft(x) ** 2, 5), ((2, 6),)),
    "solve from the right": (
        lambda a, b: torch.linalg.solve(a + 3 * eye(a), b, left=False),
        ((2, 2), (3, 2)),
    ),
    "lu": (lambda a: torch.linalg.lu(a)[1:], ((3, 3),)),
    "lu of a wide matrix": (lambda a: torch.linalg.lu(a)[1:], ((2, 3),)),
    "lu of a tall matrix": (lambda a: torch.linalg.lu(a)[1:], ((3, 2),)),
    "lu_factor": (lambda a: torch.linalg.lu_factor(a)[0], ((3, 3),)),
    "packed": (
        lambda x: torch._pack_padded_sequence(x**2, torch.arange(len(x), 0, -1), True)[0] ** 2,
        ((2, 3, 2),),
    ),
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
        lambda b, a: torch.cholesky_solve(b, torch.linalg.cholesky(a @ a.mT + eye(a))),
        ((2, 3), (2, 2)),
    ),
    "cholesky_solve, upper": (
        lambda b, a: torch.cholesky_solve(b, torch.linalg.cholesky(a @ a.mT + eye(a)).mT, True),
        ((2, 3), (2, 2)),
    ),
    "cholesky_inverse": (
        lambda a: torch.cholesky_inverse(torch.linalg.cholesky(a @ a.mT + eye(a))),
        ((2, 2),),
    ),
    "triangular_solve": (
        lambda b, a: old_solve(b, a + eye(a))[0] ** 2,
        ((2, 3), (2, 2)),
    ),
    "triangular_solve, transposed": (
        lambda b, a: old_solve(b, a, False, True, True)[0] ** 2,
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
    **LATER,
}

#: Rows whose sizes the operation itself demands: vectors of 3, pairs, an even number, whole groups.
FIXED = {"cross", "view_as_complex", "glu", "group_norm", "pixel_shuffle", *SAMPLED}
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
