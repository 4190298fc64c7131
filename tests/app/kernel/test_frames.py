"""Which frames of an exception are shown to the person."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.kernel.inside.shell import hide_frames

ENGINE = "/here/engine/"
NUMPY = str(Path(np.__file__).parent / "_core" / "multiarray.py")
STANDARD = str(Path(traceback.__file__).parent / "contextlib.py")
INSTALLED = str(Path(traceback.__file__).parent / "site-packages" / "mine.py")


def stack(*files: str) -> list[str]:
    """Return what is shown of an interrupt under calls from file to file, "me.py" first."""

    def strike() -> None:
        raise KeyboardInterrupt

    call: Callable[[], None] = strike
    for file in reversed(files):
        names = {"call": call}
        exec(compile("def inner():\n    call()", file, "exec"), names)
        call = names["inner"]
    with pytest.raises(KeyboardInterrupt) as caught:
        call()
    error = caught.value
    hide_frames(error, (ENGINE,))
    shown = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    return [file for file in shown if file != __file__]


def test_what_the_engine_was_about_in_a_library_is_not_told() -> None:
    assert stack("me.py", ENGINE + "sweep.py", NUMPY) == ["me.py"]
    assert stack("me.py", ENGINE + "sweep.py", STANDARD, NUMPY) == ["me.py"]


def test_a_persons_own_call_of_a_library_is() -> None:
    assert stack("me.py", NUMPY) == ["me.py", NUMPY]
    hook = ("me.py", ENGINE + "sweep.py", "hook.py", NUMPY)
    assert stack(*hook) == ["me.py", "hook.py", NUMPY]
    assert stack("me.py", ENGINE + "sweep.py", INSTALLED) == ["me.py", INSTALLED]
