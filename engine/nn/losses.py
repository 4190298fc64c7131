"""Loss functions as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from engine.tensor import Tensor
from engine.warning import warn

from . import functional as F
from .configured import Configured
from .distance import PairwiseDistance

_RETIRED: dict[str, Any] = {"size_average": None, "reduce": None, "reduction": "mean"}


class Loss(Configured):
    """A loss with a reduction ("mean", "sum" or "none") and perhaps a weight, kept as a buffer."""

    settings: ClassVar[dict[str, Any]] = _RETIRED
    shown = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        size_average, reduce = getattr(self, "size_average", None), getattr(self, "reduce", None)
        if size_average is not None or reduce is not None:
            self.reduction = F.retired_reduction(size_average, reduce)
        for name in ("size_average", "reduce"):
            self.__dict__.pop(name, None)
        for name in ("weight", "pos_weight"):
            if name in self.settings:
                tensor = self.__dict__.pop(name, None)
                self.register_buffer(name, tensor)
        self._check()

    def _check(self) -> None:
        """Raise if the settings do not make sense."""


class L1Loss(Loss):
    """|input - target|."""

    initializer = "_Loss"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(Loss):
    """(input - target)²."""

    initializer = "_Loss"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """Quadratic below beta, linear above it, scaled by 1 / beta."""

    settings: ClassVar[dict[str, Any]] = {**_RETIRED, "beta": 1.0}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """Quadratic below delta, linear above it."""

    settings: ClassVar[dict[str, Any]] = {"reduction": "mean", "delta": 1.0}

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, (int, float)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        super().__init__(reduction=reduction, delta=delta)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class NLLLoss(Loss):
    """Minus the log-probability at the target class."""

    settings: ClassVar[dict[str, Any]] = {
        "weight": None, "size_average": None, "ignore_index": -100, "reduce": None,
        "reduction": "mean",
    }  # fmt: skip

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(
            input, target, weight=self.weight, ignore_index=self.ignore_index,
            reduction=self.reduction,
        )  # fmt: skip


class NLLLoss2d(NLLLoss):
    """Former name of NLLLoss for images."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in replacement "
            "and see https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more details.",
            FutureWarning,
        )
        super().__init__(*args, **kwargs)


class CrossEntropyLoss(Loss):
    """Log softmax and negative log-likelihood in one."""

    settings: ClassVar[dict[str, Any]] = {**NLLLoss.settings, "label_smoothing": 0.0}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(
            input, target, weight=self.weight, ignore_index=self.ignore_index,
            reduction=self.reduction, label_smoothing=self.label_smoothing,
        )  # fmt: skip


class BCELoss(Loss):
    """Binary cross entropy of probabilities."""

    initializer = "_WeightedLoss"
    settings: ClassVar[dict[str, Any]] = {"weight": None, **_RETIRED}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross entropy of logits."""

    settings: ClassVar[dict[str, Any]] = {"weight": None, **_RETIRED, "pos_weight": None}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class KLDivLoss(Loss):
    """Kullback-Leibler divergence of target from input, which is given in log space."""

    settings: ClassVar[dict[str, Any]] = {**_RETIRED, "log_target": False}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(Loss):
    """Negative log-likelihood of a Poisson distribution."""

    settings: ClassVar[dict[str, Any]] = {
        "log_input": True, "full": False, "size_average": None, "eps": 1e-8, "reduce": None,
        "reduction": "mean",
    }  # fmt: skip

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return F.poisson_nll_loss(
            log_input, target, log_input=self.log_input, full=self.full, eps=self.eps,
            reduction=self.reduction,
        )  # fmt: skip


class GaussianNLLLoss(Loss):
    """Negative log-likelihood of a normal distribution with given variance."""

    settings: ClassVar[dict[str, Any]] = {"full": False, "eps": 1e-6, "reduction": "mean"}

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(full=full, eps=eps, reduction=reduction)

    def forward(self, input: Tensor, target: Tensor, var: Any) -> Tensor:
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class HingeEmbeddingLoss(Loss):
    """x where y = 1, max(0, margin - x) where y = -1."""

    settings: ClassVar[dict[str, Any]] = {"margin": 1.0, **_RETIRED}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class SoftMarginLoss(Loss):
    """log(1 + exp(-y x))."""

    initializer = "_Loss"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MarginRankingLoss(Loss):
    """max(0, -y (x1 - x2) + margin)."""

    settings: ClassVar[dict[str, Any]] = {"margin": 0.0, **_RETIRED}

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(Loss):
    """1 - cos where y = 1, max(0, cos - margin) where y = -1."""

    settings: ClassVar[dict[str, Any]] = {"margin": 0.0, **_RETIRED}

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.cosine_embedding_loss(
            input1, input2, target, self.margin, reduction=self.reduction
        )


def _positive_margin(loss: Any) -> None:
    if loss.margin <= 0:
        raise ValueError(
            f"{type(loss).__name__}: expected margin to be greater than 0, got {loss.margin} instead"
        )


class TripletMarginLoss(Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin)."""

    settings: ClassVar[dict[str, Any]] = {
        "margin": 1.0,
        "p": 2.0,
        "eps": 1e-6,
        "swap": False,
        **_RETIRED,
    }

    def _check(self) -> None:
        _positive_margin(self)

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(
            anchor, positive, negative, margin=self.margin, p=self.p, eps=self.eps, swap=self.swap,
            reduction=self.reduction,
        )  # fmt: skip


class TripletMarginWithDistanceLoss(Loss):
    """Triplet margin loss with a distance of one's own."""

    settings: ClassVar[dict[str, Any]] = {
        "distance_function": None, "margin": 1.0, "swap": False, "reduction": "mean",
    }  # fmt: skip
    distance_function: Callable[[Tensor, Tensor], Tensor] | None

    def _check(self) -> None:
        _positive_margin(self)
        if self.distance_function is None:
            self.distance_function = PairwiseDistance()

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function,
            margin=self.margin, swap=self.swap, reduction=self.reduction,
        )  # fmt: skip


class MultiMarginLoss(Loss):
    """Hinge loss over classes."""

    settings: ClassVar[dict[str, Any]] = {"p": 1, "margin": 1.0, "weight": None, **_RETIRED}

    def _check(self) -> None:
        if self.p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if self.weight is not None and self.weight.dim() != 1:
            raise ValueError(
                "MultiMarginLoss: expected weight to be None or 1D tensor, got "
                f"{self.weight.dim()}D instead"
            )

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multi_margin_loss(
            input, target, p=self.p, margin=self.margin, weight=self.weight,
            reduction=self.reduction,
        )  # fmt: skip


class MultiLabelMarginLoss(Loss):
    """Hinge loss over several target classes."""

    initializer = "_Loss"

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(Loss):
    """Binary cross entropy of logits, averaged over the classes."""

    initializer = "_WeightedLoss"
    settings: ClassVar[dict[str, Any]] = {"weight": None, **_RETIRED}

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class CTCLoss(Loss):
    """Connectionist temporal classification (Graves et al. 2006)."""

    settings: ClassVar[dict[str, Any]] = {"blank": 0, "reduction": "mean", "zero_infinity": False}

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
            self.zero_infinity,
        )  # fmt: skip


__all__ = [
    name
    for name, value in list(globals().items())
    if isinstance(value, type) and issubclass(value, Loss) and value is not Loss
]
