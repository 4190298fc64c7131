"""The base of distributions: shapes, checks of parameters and values, text."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cached_property
from numbers import Number
from typing import Any, ClassVar, Self

import engine
from engine.size import Size
from engine.tensor import Tensor

from .constraints import Constraint

_NAMES_PARAMETERS = (
    " does not define `arg_constraints`. Please set `arg_constraints = {}` or initialize the "
    "distribution with `validate_args=False` to turn off validation."
)


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Numbers and tensors as tensors of one shape; numbers take on the tensors' type."""
    if not all(isinstance(v, (Number, Tensor)) for v in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing "
            "__torch_function__."
        )
    kinds = [v.dtype for v in values if isinstance(v, Tensor)]
    kind = kinds[0] if kinds else engine.get_default_dtype()
    tensors = [v if isinstance(v, Tensor) else engine.tensor(v, dtype=kind) for v in values]
    return tuple(engine.broadcast_tensors(*tensors))


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def clamp_probs(probs: Any) -> Any:
    eps = engine.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    inner = clamp_probs(probs)
    return inner.log() - (-inner).log1p() if is_binary else inner.log()


class lazy_property(cached_property[Any]):
    """A parameter that is computed from another one when it is first asked for, with gradients."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        with engine.enable_grad():
            return super().__get__(instance, owner)


class Distribution:
    """A probability distribution over events, for a batch of parameters."""

    has_rsample = False
    has_enumerate_support = False
    _validate_args = True
    #: Parameters and how many of their last dimensions belong to one event.
    _shapes: ClassVar[Mapping[str, int]] = {}

    def __init__(
        self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Switch the checks of all distributions made from now on."""
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    @property
    def arg_constraints(self) -> Mapping[str, Constraint]:
        """What each parameter must satisfy."""
        raise NotImplementedError

    @property
    def support(self) -> Constraint:
        """Where values lie."""
        raise NotImplementedError

    def _check_parameters(self) -> None:
        try:
            constraints = self.arg_constraints
        except NotImplementedError:
            warnings.warn(f"{type(self)}{_NAMES_PARAMETERS}", stacklevel=3)
            return
        for name, constraint in constraints.items():
            if name not in self.__dict__ and isinstance(
                getattr(type(self), name, None), lazy_property
            ):
                continue  # computed from another parameter when asked for
            value = getattr(self, name)
            if not bool(constraint.check(value).all()):
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    def _validate_sample(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")  # noqa: TRY004
        shape, event = value.size(), self._event_shape
        if shape[len(shape) - len(event) :] != event:
            raise ValueError(
                f"The right-most size of value must match event_shape: {shape} vs {event}."
            )
        expected = self._batch_shape + event
        for i, j in zip(reversed(shape), reversed(expected), strict=False):
            if i != 1 and j not in (1, i):
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{shape} vs {Size(expected)}."
                )
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please "
                "initialize the distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if not bool(support.check(value).all()):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) "
                f"to be within the support ({support!r}) of the distribution {self!r}, but found "
                f"invalid values:\n{value}"
            )

    def _checked(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return value

    @property
    def batch_shape(self) -> Size:
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        return self._event_shape

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """The same distribution with its parameters expanded to another batch shape."""
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__)
        for name, inner in self._shapes.items():
            if name in self.__dict__:
                value = self.__dict__[name]
                size = (*batch_shape, *value.shape[value.dim() - inner :])
                new.__dict__[name] = value.expand(size)
        new._batch_shape = Size(batch_shape)
        return new

    # What subclasses define ----------------------------------------------------------------

    @property
    def mean(self) -> Any:
        raise NotImplementedError

    @property
    def mode(self) -> Any:
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Any:
        raise NotImplementedError

    @property
    def stddev(self) -> Any:
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw values, without gradients."""
        with engine.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw values through which gradients flow back to the parameters."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Any:
        """Draw n values."""
        warnings.warn(
            "`sample_n(n)` will be deprecated. Use `sample((n,))` instead.",
            FutureWarning, stacklevel=2,
        )  # fmt: skip
        return self.sample((n,))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of density or probability at `value`."""
        raise NotImplementedError

    def cdf(self, value: Any) -> Any:
        """The probability of what is not above `value`."""
        raise NotImplementedError

    def icdf(self, value: Any) -> Any:
        """The inverse of `cdf`."""
        raise NotImplementedError

    def entropy(self) -> Any:
        raise NotImplementedError

    def perplexity(self) -> Any:
        """exp of the entropy."""
        return self.entropy().exp()

    def enumerate_support(self, expand: bool = True) -> Any:
        """All values of a discrete distribution along a new first dimension."""
        raise NotImplementedError

    def __repr__(self) -> str:
        try:
            names = [name for name in self.arg_constraints if name in self.__dict__]
        except NotImplementedError:
            names = []
        values = [(name, self.__dict__[name]) for name in names]
        inner = ", ".join(f"{n}: {v if v.numel() == 1 else v.size()}" for n, v in values)
        return f"{type(self).__name__}({inner})"


class ExponentialFamily(Distribution):
    """A distribution whose density is the exponential of a product of parameters and statistics."""
