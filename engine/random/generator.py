"""`torch.Generator`: a random stream with PyTorch's argument checks in front of the fillers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import fillers, rejection
from .stream import Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.tensor import Tensor

_NO_CUDA = (
    "Cannot get {} generator: this engine computes on the CPU only; use torch.Generator() or "
    "torch.Generator(device='cpu')."
)


def _check(fine: bool, message: str) -> None:
    if not fine:
        raise RuntimeError(message)


class Generator:
    """A source of random numbers; the methods that return arrays fill them as PyTorch does."""

    __module__ = "torch._C"

    def __init__(self, device: Any = "cpu") -> None:
        kind = str(getattr(device, "type", device))
        _check(kind == "cpu", _NO_CUDA.format(kind.upper()))
        self._stream = Stream()

    @property
    def device(self) -> Any:
        """The CPU device."""
        from engine.device import CPU

        return CPU

    # State ---------------------------------------------------------------------------------

    def manual_seed(self, seed: int) -> Generator:
        """Seed with an integer from -2**63 to 2**64 - 1 and return the generator."""
        _check(
            isinstance(seed, (int, np.integer)) and not isinstance(seed, bool),
            f"manual_seed expected a long, but got {type(seed).__name__}",
        )
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        self._stream.reseed(int(seed))
        return self

    def seed(self) -> int:
        """Seed from the system's entropy and return the seed."""
        return self._stream.reseed_from_system()

    def initial_seed(self) -> int:
        """Return the seed in use."""
        return self._stream.seed

    def get_state(self) -> Tensor:
        """Return the state as 5056 bytes in a uint8 tensor, as PyTorch lays it out."""
        from engine.tensor import wrap

        return wrap(self._stream.dump())

    def set_state(self, new_state: Tensor) -> None:
        """Continue from a state that `get_state` returned."""
        if not hasattr(new_state, "_a"):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        if str(new_state.dtype) != "torch.uint8":
            raise TypeError("RNG state must be a torch.ByteTensor")
        self._stream.load(new_state._a)

    def clone_state(self) -> Generator:
        """Return a generator that continues from the same state."""
        twin = Generator()
        twin.restore(self)
        return twin

    def restore(self, twin: Generator) -> None:
        """Continue from the state of another generator."""
        self._stream.load(twin._stream.dump())

    def position(self) -> bytes | None:
        """Return what changes with every draw; None before the first one."""
        return self._stream.dump().tobytes() if self._stream.started() else None

    # Arrays --------------------------------------------------------------------------------

    def uniform(
        self, shape: Sequence[int], dtype_name: str, low: float = 0.0, high: float = 1.0
    ) -> NDArray[Any]:
        """Draw uniforms in [low, high)."""
        _check(
            low <= high,
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}",
        )
        return fillers.uniform(self._stream, shape, dtype_name, low, high)

    def normal(
        self,
        shape: Sequence[int],
        dtype_name: str,
        mean: float = 0.0,
        std: float = 1.0,
        contiguous: bool = True,
    ) -> NDArray[Any]:
        """Draw normals; say so when the tensor to fill is not contiguous."""
        _check(std >= 0, f"normal expects std >= 0.0, but found std {std:g}")
        return fillers.normal(self._stream, shape, dtype_name, mean, std, contiguous)

    def randint(self, low: int, high: int, shape: Sequence[int]) -> NDArray[np.int64]:
        """Draw integers in [low, high)."""
        _check(
            low < high,
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}",
        )
        return fillers.randint(self._stream, low, high, shape)

    def random_full_range(self, dtype_name: str, shape: Sequence[int]) -> NDArray[Any]:
        """Draw what `Tensor.random_()` draws for the dtype."""
        return fillers.random_full_range(self._stream, dtype_name, shape)

    def randperm(self, n: int) -> NDArray[np.int64]:
        """Draw a permutation of 0..n-1."""
        _check(n >= 0, f"Trying to create tensor with negative dimension {n}: [{n}]")
        return fillers.randperm(self._stream, n)

    def bernoulli(self, p: float, shape: Sequence[int]) -> NDArray[np.bool_]:
        """Draw booleans, two words each, as `bernoulli_(p)` and dropout do."""
        _check(0 <= p <= 1, f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        return fillers.bernoulli(self._stream, p, shape)

    def bernoulli_tensor(self, p_array: NDArray[Any]) -> NDArray[np.bool_]:
        """Draw booleans with a probability per element, as `torch.bernoulli(p)` does."""
        _check(
            bool(np.all((p_array >= 0) & (p_array <= 1))),
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message "
            "be improved?  If so, please report an enhancement request to PyTorch.)",
        )
        return fillers.bernoulli_tensor(self._stream, p_array)

    def exponential(
        self, shape: Sequence[int], dtype_name: str, lambd: float = 1.0
    ) -> NDArray[Any]:
        """Draw exponentials of rate lambd."""
        _check(lambd > 0, f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
        return fillers.exponential(self._stream, shape, dtype_name, lambd)

    def variates(
        self, draw: Callable[..., float], *parameters: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Draw one number per element with a function of `engine.random.rejection`, which takes
        the parameters and then a source of uniforms."""
        flat = [p.ravel().tolist() for p in parameters]
        uniform = self._stream.double
        values = [draw(*row, uniform) for row in zip(*flat, strict=True)]
        return np.array(values, np.float64).reshape(parameters[0].shape)

    def gamma(self, alpha: NDArray[Any]) -> NDArray[np.float64]:
        """Draw standard gamma variates of the given shapes."""
        normal = functools.partial(fillers.scalar_normal, self._stream)

        def draw(a: float, uniform: Callable[[], float]) -> float:
            return rejection.gamma(a, uniform, normal)

        return self.variates(draw, alpha)

    def geometric(self, p: float, shape: Sequence[int], dtype_name: str) -> NDArray[Any]:
        """Draw the number of trials up to the first success."""
        _check(0 < p < 1, f"geometric_ expects p to be in (0, 1), but got p={p:g}")
        return fillers.geometric(self._stream, p, shape, dtype_name)

    def cauchy(
        self, shape: Sequence[int], dtype_name: str, median: float = 0.0, sigma: float = 1.0
    ) -> NDArray[Any]:
        """Draw from the Cauchy distribution."""
        _check(sigma > 0, f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
        return fillers.cauchy(self._stream, shape, dtype_name, median, sigma)

    def log_normal(
        self, shape: Sequence[int], dtype_name: str, mean: float = 1.0, std: float = 2.0
    ) -> NDArray[Any]:
        """Draw exp of normals."""
        _check(std > 0, f"log_normal_ expects std > 0.0, but found std={std:g}")
        return fillers.log_normal(self._stream, shape, dtype_name, mean, std)

    def multinomial(
        self, weights: NDArray[Any], n: int, replacement: bool = False
    ) -> NDArray[np.int64]:
        """Draw n category numbers per row of weights."""
        _check(weights.ndim in (1, 2), "prob_dist must be 1 or 2 dim")
        _check(n > 0, "cannot sample n_sample <= 0 samples")
        _check(
            replacement or n <= weights.shape[-1],
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement",
        )
        if replacement and n > 1:
            what = "invalid multinomial distribution (encountering probability entry {})"
            _check(bool(np.all(np.isfinite(weights))), what.format("= infinity or NaN"))
            _check(bool(np.all(weights >= 0)), what.format("< 0"))
        _check(
            bool(np.all(np.isfinite(weights) & (weights >= 0))),
            "probability tensor contains either `inf`, `nan` or element < 0",
        )
        _check(
            bool(np.all(weights.sum(axis=-1) > 0)),
            "invalid multinomial distribution (sum of probabilities <= 0)",
        )
        return fillers.multinomial(self._stream, weights, n, replacement)
