"""torch.stft and istft: the spectra of overlapping windows of a signal, and the signal of spectra."""

from __future__ import annotations

from engine.dtype import COMPLEX, FLOAT
from engine.fft import fft, ifft, irfft, rfft
from engine.ops import FUNCTIONS
from engine.tensor import Tensor
from engine.warning import warn

_NO_WINDOW = (
    "A window was not provided. A rectangular window will be applied,which is known to cause spectral "
    "leakage. Other windows such as torch.hann_window or torch.hamming_window are recommended to reduce "
    "spectral leakage.To suppress this warning and use a rectangular window, explicitly set "
    "`window=torch.ones(n_fft, device=<device>)`."
)
_NO_INVERSE_WINDOW = (
    "A window was not provided. A rectangular window will be applied.Please provide the same window used by stft "
    "to make the inversion lossless.To suppress this warning and use a rectangular window, explicitly set "
    "`window=torch.ones(n_fft, device=<device>)`."
)
_SHORT = (
    "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. "
    "Please check your center and hop_length settings."
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


def istft(
    input: Tensor, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
    window: Tensor | None = None, center: bool = True, normalized: bool = False,
    onesided: bool | None = None, length: int | None = None, return_complex: bool = False,
) -> Tensor:  # fmt: skip
    """The signal whose windows have the spectra (frequencies, windows): the inverse of `stft`."""
    if window is None:
        warn(_NO_INVERSE_WINDOW)
    hop = n_fft // 4 if hop_length is None else hop_length
    size = n_fft if win_length is None else win_length
    if input._d.category != COMPLEX:
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    half = input.shape[-2] != n_fft if onesided is None else onesided
    shown = "None" if window is None else f"{window._d.legacy}{{{list(window.shape)}}}"
    head = (
        f"istft(CPU{input._d.display}Type{list(input.shape)}, n_fft={n_fft}, hop_length={hop}, win_length={size}, "
        f"window={shown}, center={center:d}, normalized={normalized:d}, "
        f"onesided={'None' if onesided is None else int(onesided)}, length={length}, "
        f"return_complex={return_complex:d})"
    )
    _check_spectra(head, input, n_fft, hop, size, half, window)
    if return_complex and half:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    frames = _frames(input, n_fft, not return_complex, normalized)
    left = (n_fft - size) // 2
    weights = (
        FUNCTIONS["ones"](n_fft, dtype=frames._d.to_real())
        if window is None
        else _pad(window, (left, n_fft - size - left))
    )
    signal = _overlapped(frames * weights, hop)
    total = signal.shape[-1]
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - start
    seen = slice(start, min(end, total))
    share = _overlapped(weights.square().expand(1, frames.shape[-2], n_fft), hop)[0, seen]
    if float(share.abs().min()) <= 1e-11:
        raise RuntimeError(f"{head} window overlap add min: 1\n[ CPUBoolType{{}} ]")
    found = signal[:, seen] / share
    if end > total:
        warn(_SHORT)
        found = _pad(found, (0, end - total))
    return found if input.dim() == 3 else found[0]


def _frames(input: Tensor, n_fft: int, real: bool, normalized: bool) -> Tensor:
    """The windows of the signal, (N, windows, n_fft); of a real one the first half says it all."""
    spectra = input if input.dim() == 3 else input.unsqueeze(0)
    norm = "ortho" if normalized else None
    turned = spectra.transpose(-1, -2)
    return irfft(turned, n_fft, norm=norm) if real else ifft(turned, norm=norm)  # type: ignore[no-any-return]


def _overlapped(frames: Tensor, hop: int) -> Tensor:
    """The sum of windows (N, windows, n) that begin `hop` samples apart: (N, samples)."""
    from engine.nn.functional import fold

    if frames._d.category == COMPLEX:
        parts = (FUNCTIONS["real"](frames), FUNCTIONS["imag"](frames))
        return FUNCTIONS["_complex"](*(_overlapped(p, hop) for p in parts))  # type: ignore[no-any-return]
    n, windows, size = frames.shape
    total = size + hop * (windows - 1)
    columns = frames.transpose(1, 2)
    return fold(columns, (1, total), (1, size), stride=(1, hop)).reshape(n, total)  # type: ignore[no-any-return]


def _check_spectra(
    head: str, input: Tensor, n_fft: int, hop: int, size: int, half: bool, window: Tensor | None
) -> None:
    if not input.numel():
        raise RuntimeError(f"{head} : input tensor cannot be empty.")
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"{head} : expected a tensor with 3 or 4 dimensions, but got {input.dim() + 1}"
        )
    wanted = n_fft // 2 + 1 if half else n_fft
    if input.shape[-2] != wanted:
        rule = "n_fft / 2 + 1 when onesided=True" if half else "n_fft when onesided=False"
        raise RuntimeError(
            f"{head} : expected the frequency dimension (3rd to the last) of the input tensor to match {rule}, "
            f"but got {input.shape[-2]}"
        )
    if not 0 < size <= n_fft:
        raise RuntimeError(f"{head} : expected 0 < win_length <= n_fft")
    if not 0 < hop <= size:
        raise RuntimeError(f"{head} : expected 0 < hop_length <= win_length")
    if window is not None and (window.dim() != 1 or len(window) != size):
        raise RuntimeError(
            f"{head} : Invalid window shape. window has to be 1D and length of `win_length`"
        )
