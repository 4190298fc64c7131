"""torch.fft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from engine import later
from engine.device import placed
from engine.dtype import FLOAT, get_default_dtype
from engine.ops.api import FUNCTIONS
from engine.ops.fourier import BY_ROOT, BY_SIZE, C2C, C2R, NONE, R2C
from engine.ops.guards import in_namespace
from engine.ops.helpers import axes, axis
from engine.ops.table import run

_FORWARD = {None: NONE, "backward": NONE, "ortho": BY_ROOT, "forward": BY_SIZE}
_BACKWARD = {None: BY_SIZE, "backward": BY_SIZE, "ortho": BY_ROOT, "forward": NONE}


def _divided(norm: str | None, forward: bool) -> int:
    if norm not in _FORWARD:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return (_FORWARD if forward else _BACKWARD)[norm]


def _floating(t: Any, complex: bool = False) -> Any:
    """The tensor in a type that can be transformed."""
    d = t._d if t._d.category >= FLOAT else get_default_dtype()
    d = d.to_complex() if complex else d
    return t if t._d is d else t.to(d)


def _checked(n: int) -> int:
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return n


def _resized(t: Any, dims: Sequence[int], sizes: Sequence[int | None]) -> Any:
    """The tensor cut, or padded with zeros, at the ends of some dimensions."""
    pads = [0] * (2 * len(t._s))
    for d, n in zip(dims, sizes, strict=True):
        if n is not None and n > t._s[d]:
            pads[2 * (len(t._s) - 1 - d) + 1] = n - t._s[d]
    if any(pads):
        from engine.nn.functional import pad

        t = pad(t, pads)
    for d, n in zip(dims, sizes, strict=True):
        if n is not None and n < t._s[d]:
            t = t[(slice(None),) * d + (slice(0, n),)]
    return t


class _Asked(NamedTuple):
    """A tensor of the wanted sizes, and the dimensions to transform."""

    tensor: Any
    dims: list[int]


def _placed(d: int, t: Any) -> int:
    if not t._s:
        raise IndexError(f"Dimension specified as {d} but tensor has no dimensions")
    return axis(d, len(t._s))


def _one(t: Any, n: int | None, dim: int) -> _Asked:
    d = _placed(dim, t)
    if n is not None:
        t = _resized(t, [d], [_checked(n)])
    _checked(t._s[d])
    return _Asked(t, [d])


def _dims(t: Any, s: Any, dim: Any) -> tuple[list[int], list[int | None]]:
    """The dimensions that are meant, and the sizes they are to have."""
    dims = None if dim is None else [_placed(d, t) for d in _list(dim)]
    if dims is not None and len(set(dims)) != len(dims):
        raise RuntimeError("FFT dims must be unique")
    sizes = None if s is None else _list(s)
    if sizes is not None and dims is not None and len(sizes) != len(dims):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    if sizes is not None and len(sizes) > len(t._s):
        raise RuntimeError(
            f"Got shape with {len(sizes)} values but input tensor only has {len(t._s)} dimensions."
        )
    if dims is None:
        first = 0 if sizes is None else len(t._s) - len(sizes)
        dims = list(range(first, len(t._s)))
    if sizes is None:
        return dims, [None] * len(dims)
    return dims, [None if n == -1 else n for n in sizes]


def _list(v: Any) -> list[int]:
    return [v] if isinstance(v, int) else list(v)


def _several(t: Any, s: Any, dim: Any) -> _Asked:
    dims, sizes = _dims(t, s, dim)
    t = _resized(t, dims, [n if n is None else _checked(n) for n in sizes])
    for d in dims:
        _checked(t._s[d])
    return _Asked(t, dims)


def _of_complex(t: Any, asked: _Asked, norm: str | None, forward: bool) -> Any:
    if not asked.dims:
        return asked.tensor
    return run(C2C, [asked.tensor, asked.dims, _divided(norm, forward), forward])


def _of_real(t: Any, n: int | None, dim: int, norm: str | None, forward: bool, half: bool) -> Any:
    if t._d.is_complex:
        raise RuntimeError(
            f"{'rfft' if forward else 'ihfft'} expects a real input tensor, but got {t._d.display}"
        )
    asked = _one(_floating(t), n, dim)
    out = run(R2C, [*asked, _divided(norm, forward), half])
    return out if forward else out.conj()


def _to_real(t: Any, n: int | None, dim: int, norm: str | None, forward: bool) -> Any:
    t = _floating(t, complex=True)
    d = axis(dim, len(t._s))
    size = _checked(2 * (t._s[d] - 1) if n is None else n)
    t = t if n is None else _resized(t, [d], [size // 2 + 1])
    return run(C2R, [t.conj() if forward else t, [d], _divided(norm, forward), size])


def fft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The discrete Fourier transform along `dim`, of n elements."""
    if not input._d.is_complex:
        return _of_real(input, n, dim, norm, True, False)
    return _of_complex(input, _one(input, n, dim), norm, True)


def ifft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of `fft`."""
    if not input._d.is_complex:
        return _of_real(input, n, dim, norm, False, False)
    return _of_complex(input, _one(input, n, dim), norm, False)


def rfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The half of the Fourier transform of real numbers that tells all of it."""
    return _of_real(input, n, dim, norm, True, True)


def irfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of `rfft`: n real numbers."""
    return _to_real(input, n, dim, norm, False)


def hfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The real Fourier transform of what is Hermitian and given by its first half."""
    return _to_real(input, n, dim, norm, True)


def ihfft(
    input: Any, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of `hfft`."""
    return _of_real(input, n, dim, norm, False, True)


def fftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """The Fourier transform along several dimensions, of sizes s."""
    t = _floating(input, complex=True)
    return _of_complex(t, _several(t, s, dim), norm, True)


def ifftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of `fftn`."""
    t = _floating(input, complex=True)
    return _of_complex(t, _several(t, s, dim), norm, False)


def rfftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """The half of `fftn` of real numbers that tells all of it."""
    if input._d.is_complex:
        raise RuntimeError(f"rfftn expects a real-valued input tensor, but got {input._d.display}")
    asked = _several(_floating(input), s, dim)
    if not asked.dims:
        raise RuntimeError("rfftn must transform at least one axis")
    return run(R2C, [*asked, _divided(norm, True), True])


def irfftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of `rfftn`: real numbers of sizes s."""
    t = _floating(input, complex=True)
    dims, sizes = _dims(t, s, dim)
    if not dims:
        raise RuntimeError("irfftn must transform at least one axis")
    last = sizes[-1] if sizes[-1] is not None else 2 * (t._s[dims[-1]] - 1)
    _checked(last)
    t = _resized(t, dims, [*sizes[:-1], None if sizes[-1] is None else last // 2 + 1])
    return run(C2R, [t, dims, _divided(norm, False), last])


def hfftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """The real Fourier transform of what is Hermitian and given by its first half."""
    t = _floating(input, complex=True)
    dims, sizes = _dims(t, s, dim)
    if not dims:
        raise RuntimeError("hfftn must transform at least one axis")
    *first, last = dims
    _checked(2 * (t._s[last] - 1) if sizes[-1] is None else sizes[-1])
    if first:
        t = _of_complex(t, _several(t, sizes[:-1], first), norm, True)
    return _to_real(t, sizes[-1], last, norm, True)


def ihfftn(
    input: Any, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Any = None
) -> Any:
    """The inverse of `hfftn`: the half that tells all of it."""
    dims, sizes = _dims(input, s, dim)
    if not dims:
        raise RuntimeError("ihfftn must transform at least one axis")
    *first, last = dims
    _divided(norm, False)
    if input._d.is_complex:
        raise RuntimeError(f"Only supports floating-point dtypes, but found: {input._d.display}")
    t = _of_real(input, sizes[-1], last, norm, False, True)
    return _of_complex(t, _several(t, sizes[:-1], first), norm, False) if first else t


def _in_two(fn: Callable[..., Any], doc: str) -> Callable[..., Any]:
    """A transform along the last two dimensions, or the given ones."""

    def call(
        input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Any = None
    ) -> Any:
        return fn(input, s, dim, norm)

    call.__name__ = call.__qualname__ = fn.__name__.removesuffix("n") + "2"
    call.__doc__ = doc
    return call


fft2 = _in_two(fftn, "The Fourier transform along two dimensions.")
ifft2 = _in_two(ifftn, "The inverse of `fft2`.")
rfft2 = _in_two(rfftn, "The half of `fft2` of real numbers that tells all of it.")
irfft2 = _in_two(irfftn, "The inverse of `rfft2`.")
hfft2 = _in_two(hfftn, "The real Fourier transform along two dimensions of what is Hermitian.")
ihfft2 = _in_two(ihfftn, "The inverse of `hfft2`.")


@placed
def fftfreq(n: int, d: float = 1.0, **options: Any) -> Any:
    """The frequencies of the elements of a transform of n samples that are d apart."""
    from engine.sequences import arange

    half = (n - 1) // 2 + 1
    parts = [arange(0, half, **options), arange(-(n // 2), 0, **options)]
    return _frequencies(FUNCTIONS["cat"](parts), n, d)


@placed
def rfftfreq(n: int, d: float = 1.0, **options: Any) -> Any:
    """The frequencies of the elements that `rfft` gives for n samples."""
    from engine.sequences import arange

    return _frequencies(arange(n // 2 + 1, **options), n, d)


def _frequencies(places: Any, n: int, d: float) -> Any:
    return _floating(places) * (1.0 / (n * d))


def fftshift(input: Any, dim: Any = None) -> Any:
    """The elements rolled so that the frequency 0 is in the middle."""
    dims = axes(dim, len(input._s))
    return input.roll([input._s[d] // 2 for d in dims], list(dims))


def ifftshift(input: Any, dim: Any = None) -> Any:
    """The inverse of `fftshift`."""
    dims = axes(dim, len(input._s))
    return input.roll([(input._s[d] + 1) // 2 for d in dims], list(dims))


in_namespace("fft_", globals())


def __getattr__(name: str) -> Any:
    return later.load(__name__, {}, name)


__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2",
    "ifftn", "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip
