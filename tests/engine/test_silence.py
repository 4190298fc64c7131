"""Infinities and nan: silent in the engine, NumPy's usual warnings in the person's own code."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine as torch

ZERO = np.zeros(2)
#: What PyTorch computes without a word.
SILENT: dict[str, Callable[[], Any]] = {
    "log": lambda: torch.zeros(2).log(),
    "scalar": lambda: torch.tensor(0.0).log(),
    "division": lambda: 1 / torch.zeros(2) - 1 / torch.zeros(2),
    "overflow": lambda: torch.full((2,), 1e38).exp() * torch.full((2,), 1e38),
    "cast": lambda: torch.full((2,), 1e38).to(torch.float16),
    "softmax": lambda: torch.full((2, 3), -float("inf")).softmax(1),
    "mean": lambda: (torch.tensor([float("inf")]) - float("inf")).mean(),
    "var": lambda: torch.tensor([1.0, float("inf")]).var(),
    "in place": lambda: torch.zeros(2).log_(),
    "backward": lambda: torch.zeros(2, requires_grad=True).sqrt().sum().backward(),
    "backward in general": lambda: _with_a_hook(),
    "optimizer": lambda: _step(),
}


def _with_a_hook() -> None:
    x = torch.zeros(2, requires_grad=True)
    y = x.sqrt()
    y.register_hook(lambda g: g)
    y.sum().backward()


def _step() -> None:
    w = torch.zeros(2, requires_grad=True)
    (w * float("inf")).sum().backward()
    torch.optim.Adam([w]).step()


@pytest.mark.parametrize("filters", ["error", "always", "default"])
@pytest.mark.parametrize("name", SILENT)
def test_the_engine_is_silent_whatever_the_filters_say(name: str, filters: Any) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.resetwarnings()
        warnings.simplefilter(filters)
        SILENT[name]()
    assert not seen


def test_the_persons_own_numpy_warns_as_ever() -> None:
    with pytest.warns(RuntimeWarning, match="^divide by zero encountered in log$") as seen:
        np.log(ZERO)
    assert [one.filename for one in seen] == [__file__]
    with pytest.warns(RuntimeWarning, match="^invalid value encountered in scalar divide$"):
        _ = ZERO[0] / ZERO[0]
    with pytest.warns(RuntimeWarning, match="^overflow encountered in cast$"):
        np.full(1, 1e300).astype(np.float32)
    with pytest.warns(RuntimeWarning, match="^invalid value encountered in subtract$"):
        np.full(2, np.inf).std()  # computed in a file of NumPy's


def test_a_warning_can_be_made_an_error() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="divide by zero"):
            np.log(ZERO)


def test_the_persons_settings_of_numpy_hold() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with np.errstate(all="ignore"):
            np.log(ZERO)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        np.log(ZERO)


def test_the_persons_code_inside_a_pass_warns() -> None:
    x = torch.zeros(2, requires_grad=True)
    x.register_hook(lambda g: np.log(ZERO).size and None)
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in log") as seen:
        x.sum().backward()
    assert len(seen) == 1


def test_the_engine_is_silent_in_other_threads() -> None:
    seen: list[Any] = []

    def work() -> None:
        try:
            SILENT["log"]()
        except BaseException as error:
            seen.append(error)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"engine(\.|$)")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert not seen


def test_settings_from_before_the_import_stay() -> None:
    code = (
        "import numpy as np; np.seterr(divide='raise', invalid='ignore')\n"
        "import engine\n"
        "found = np.geterr(); assert found['divide'] == 'raise', found\n"
        "assert found['invalid'] == 'ignore' and found['over'] != 'warn', found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
