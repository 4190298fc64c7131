"""Short-time Fourier transforms: the spectra of windows, as their definition says."""

from __future__ import annotations

import numpy as np
import pytest

import engine as torch


def test_each_column_is_the_spectrum_of_a_window() -> None:
    torch.manual_seed(0)
    signal, window = torch.randn(2, 50), torch.hann_window(8)
    found = torch.stft(signal, 8, 3, window=window, center=False, return_complex=True).numpy()
    assert found.shape == (2, 5, 15)
    for k in range(15):
        part = signal[:, 3 * k : 3 * k + 8].numpy() * window.numpy()
        assert np.allclose(found[:, :, k], np.fft.rfft(part), atol=1e-5)


def test_centres_reflect_the_ends_and_short_windows_lie_in_the_middle() -> None:
    signal = torch.arange(10.0)
    window = torch.tensor([1.0, 1.0])
    found = torch.stft(signal, 4, 2, 2, window, return_complex=True)
    assert found.shape == (3, 6)
    # The first frame is 2 1 0 1, of which the window leaves 1 0.
    assert torch.allclose(found[:, 0], torch.fft.rfft(torch.tensor([0.0, 1.0, 0.0, 0.0])))


def test_gradients_reach_the_signal() -> None:
    signal = torch.ones(20, requires_grad=True)
    spectrum = torch.stft(signal, 8, window=torch.hann_window(8), return_complex=True)
    spectrum.abs().pow(2).sum().backward()
    assert signal.grad is not None and signal.grad.shape == (20,) and (signal.grad > 0).all()


@pytest.mark.filterwarnings("ignore:A window was not provided")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "requires the return_complex parameter be given for real inputs"),
        ({"hop_length": 0, "return_complex": True}, "expected hop_length > 0"),
        ({"win_length": 9, "return_complex": True}, "expected 0 < win_length <= n_fft"),
        (
            {"window": torch.ones(4), "return_complex": True},
            r"window tensor of size equal to win_length=8, but got window with size \[4\]",
        ),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        torch.stft(torch.arange(16.0), 8, **arguments)
