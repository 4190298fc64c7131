"""Parameters that are given as probabilities or as their logarithms."""

from __future__ import annotations

from typing import Any, ClassVar

from .distribution import Distribution, lazy_property, logits_to_probs, probs_to_logits


def one_of(probs: Any, logits: Any) -> None:
    """Raise unless exactly one is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class ProbsOrLogits(Distribution):
    """A distribution that has `probs` or `logits` and computes the other when it is asked for."""

    _binary: ClassVar[bool]  # of success and failure, or over classes in the last dimension

    @property
    def _param(self) -> Any:
        return self.__dict__["probs"] if "probs" in self.__dict__ else self.__dict__["logits"]

    @property
    def param_shape(self) -> Any:
        return self._param.size()

    @lazy_property
    def probs(self) -> Any:
        return logits_to_probs(self.logits, self._binary)

    @lazy_property
    def logits(self) -> Any:
        return probs_to_logits(self.probs, self._binary)
