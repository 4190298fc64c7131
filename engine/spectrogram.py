"""torch.stft: the spectra of overlapping windows of a signal."""

from __future__ import annotations

from engine.dtype import COMPLEX, FLOAT
from engine.fft import fft, rfft
from engine.ops import FUNCTIONS
from engine.tensor import Tensor
from engine.warning import warn

_NO_WINDOW = (
    "A window was not provided. A rectangular window will be applied,which is known to cause spectral "
    "leakage. Other windows such as torch.hann_window or torch.hamming_window are recommended to reduce "
    "spectral leakage.To suppress this warning and use a rectangular window, explicitly set "
    "`window=torch.ones(n_fft, device=<device>)`."
)
_PAIRS = (
    "stft with return_complex=False is deprecated. In a future pytorch release, stft will return complex "
    "tensors for all inputs, and return_complex=False will raise an error.\n"
    "Note: you can still call torch.view_as_real on the complex output to recover the old return format."
)


def stft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Tensor | None = None, center: bool = True, pad_mode: str = "reflect",
    normalized: bool = False, onesided: bool | None = None, return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:  # fmt: skip
    """The Fourier transforms of windows of n_fft samples: (frequencies, windows), with a batch first."""
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    if window is None:
        warn(_NO_WINDOW)
    signal = _padded(input, n_fft, pad_mode) if center else input
    _check(signal, n_fft, hop, length, window)
    imaginary = signal._d.category == COMPLEX or (
        window is not None and window._d.category == COMPLEX
    )
    if return_complex is None and not imaginary:
        raise RuntimeError(
            "stft requires the return_complex parameter be given for real inputs, and will further "
            "require that return_complex=True in a future PyTorch release."
        )
    frames = signal.unfold(-1, n_fft, hop)
    if window is not None:
        left = (n_fft - length) // 2
        frames = frames * _pad(window, (left, n_fft - length - left))
    half = onesided if onesided is not None else not imaginary
    transform = rfft if half else fft
    found = transform(frames, norm="ortho" if normalized else None).transpose(-1, -2)
    if return_complex or (return_complex is None and imaginary):
        return found  # type: ignore[no-any-return]
    warn(_PAIRS)
    return FUNCTIONS["view_as_real"](found)  # type: ignore[no-any-return]


def _pad(t: Tensor, pads: tuple[int, int], mode: str = "constant") -> Tensor:
    from engine.nn.functional import pad

    return pad(t, pads, mode)


def _padded(signal: Tensor, n_fft: int, mode: str) -> Tensor:
    """The signal with half a window more at both ends."""
    more = (3 - signal.dim()) * (1,)
    whole = signal.view(*more, *signal.shape)
    padded = _pad(whole, (n_fft // 2, n_fft // 2), mode)
    return padded.view(*signal.shape[:-1], -1)  # type: ignore[no-any-return]


def _check(signal: Tensor, n_fft: int, hop: int, length: int, window: Tensor | None) -> None:
    def refuse(words: str) -> RuntimeError:
        return RuntimeError(
            f"stft({signal.type()}{list(signal.shape)}, n_fft={n_fft}, hop_length={hop}, "
            f"win_length={length}) : expected {words}"
        )

    if signal._d.category < FLOAT:
        raise refuse("a tensor of floating point or complex values")
    if signal.dim() not in (1, 2):
        raise refuse("a 1D or 2D tensor")
    if not 0 < n_fft <= signal.shape[-1]:
        raise refuse(f"0 < n_fft <= {signal.shape[-1]}, but got n_fft={n_fft}")
    if hop <= 0:
        raise refuse(f"hop_length > 0, but got hop_length={hop}")
    if not 0 < length <= n_fft:
        raise refuse(f"0 < win_length <= n_fft, but got win_length={length}")
    if window is not None and (window.dim() != 1 or len(window) != length):
        raise refuse(
            f"a 1D window tensor of size equal to win_length={length}, but got window with size "
            f"{list(window.shape)}"
        )
