"""Weights by norm and direction, and weights of spectral norm one, as parametrizations."""

from __future__ import annotations

from typing import Any

import engine
from engine.later import sign as _sign
from engine.tensor import Tensor

from .. import functional as F
from ..kernels.weights import weight_norm as computed
from ..module import Module
from .former_weight_norm import norm_except
from .parametrize import register_parametrization


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return computed(weight_v, weight_g, self.dim)  # type: ignore[no-any-return]

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn a weight as its norm (original0) and its direction (original1)."""
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        ndim = weight.dim()
        if not -ndim <= dim < ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight)
            rows, columns = matrix.shape
            u = matrix.new_empty(rows).normal_(0, 1)
            v = matrix.new_empty(columns).normal_(0, 1)
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        rest = [d for d in range(weight.dim()) if d != self.dim]
        return weight.permute(self.dim, *rest).flatten(1)  # type: ignore[no-any-return]

    def _iterate(self, matrix: Tensor, times: int) -> None:
        with engine.no_grad():
            for _ in range(times):
                u = F.normalize(engine.mv(matrix, self._v), dim=0, eps=self.eps)
                self._u.copy_(u)
                self._v.copy_(F.normalize(engine.mv(matrix.t(), self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.dim() == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        sigma = engine.dot(self._u.clone(), engine.mv(matrix, self._v.clone()))
        return weight / sigma  # type: ignore[no-any-return]

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> Module:  # fmt: skip
    """Divide a weight by its largest singular value, which power iteration follows."""
    weight: Any = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(  # noqa: TRY004
            f"Module '{module}' has no parameter or buffer with name '{name}'"
        )
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    return register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, dim, eps)
    )


class _Orthogonal(Module):
    """A weight with orthonormal rows or columns, from a free matrix of the same shape."""

    base: Tensor

    def __init__(self, weight: Tensor, map_: str, use_trivialization: bool) -> None:
        super().__init__()
        if weight.is_complex() and map_ == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = map_
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        n, k = X.size(-2), X.size(-1)
        wide = n < k
        if wide:
            X = X.mT
            n, k = k, n
        if self.orthogonal_map == "householder":
            Q = _householder(X)
        else:
            Q = self._from_skew(X, n, k)
        if hasattr(self, "base") and self.base is not None:
            Q = self.base @ Q
        return Q.mT if wide else Q

    def _from_skew(self, X: Tensor, n: int, k: int) -> Tensor:
        """The orthogonal matrix of the skew-symmetric one whose lower triangle X gives."""
        X = X.tril()
        if n != k:
            X = engine.cat([X, X.new_zeros(n, n - k).expand(*X.shape[:-2], -1, -1)], dim=-1)
        A = X - X.mH
        if self.orthogonal_map == "matrix_exp":
            Q = engine.matrix_exp(A)
        else:
            eye = engine.eye(n, dtype=A.dtype)
            Q = engine.linalg.solve(engine.add(eye, A, alpha=-0.5), engine.add(eye, A, alpha=0.5))
        return Q[..., :k] if n != k else Q  # type: ignore[no-any-return]

    @engine.no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {Q.shape}."
            )
        wide = Q.size(-2) < Q.size(-1)
        matrix = Q.mT if wide else Q
        n, k = matrix.size(-2), matrix.size(-1)
        if not hasattr(self, "base"):
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley "
                    "parametrizations when use_trivialization=False."
                )
            A, tau = engine.geqrf(matrix)
            A.diagonal(dim1=-2, dim2=-1).sign_()
            A.diagonal(dim1=-2, dim2=-1)[tau == 0.0] *= -1
            return A.mT if wide else A  # type: ignore[no-any-return]
        if n == k:
            base = matrix.clone() if _is_orthogonal(matrix) else _orthogonal_part(matrix)
        else:
            rest = engine.randn(*matrix.shape[:-2], n, n - k, dtype=matrix.dtype)
            base = _orthogonal_part(engine.cat([matrix, rest], dim=-1))
        self.base = base
        neg = engine.zeros_like(Q)
        neg.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return neg  # type: ignore[no-any-return]


def _householder(X: Tensor) -> Tensor:
    A = X.tril(diagonal=-1)
    tau = 2.0 / (1.0 + (A * A).sum(dim=-2))
    Q = engine.linalg.householder_product(A, tau)
    return Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)  # type: ignore[no-any-return]


def _is_orthogonal(Q: Tensor) -> bool:
    n, k = Q.size(-2), Q.size(-1)
    Id = engine.eye(k, dtype=Q.dtype)
    eps = 10.0 * n * engine.finfo(Q.dtype).eps
    return bool(engine.allclose(Q.mH @ Q, Id, atol=eps))


def _orthogonal_part(A: Tensor) -> Tensor:
    """Q of A = Q R with a positive diagonal of R."""
    X, tau = engine.geqrf(A)
    Q = engine.linalg.householder_product(X, tau)
    Q *= X.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
    return Q  # type: ignore[no-any-return]


_MAPS = ("matrix_exp", "cayley", "householder")


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *,
    use_trivialization: bool = True,
) -> Module:  # fmt: skip
    """Keep the rows or columns of a weight orthonormal."""
    weight: Any = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(  # noqa: TRY004
            f"Module '{module}' has no parameter or buffer with name '{name}'"
        )
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1) or weight.is_complex()
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in _MAPS:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    return register_parametrization(
        module, name, _Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True
    )


_sign(globals(), "torch.nn.utils.parametrizations")

__all__ = ["spectral_norm", "weight_norm"]
