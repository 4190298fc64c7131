"""NumPy's warnings of floating-point errors: the engine's are dropped, the person's stay.

PyTorch computes inf and nan silently. `np.errstate` around every operation would cost more than
most operations, and `np.seterr(all="ignore")` would silence the person's own NumPy too. So what NumPy
would warn of goes to a log of ours, which asks whose code computed and passes on what is not ours.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

_ENGINE = str(Path(__file__).parent)
_NUMPY = str(Path(np.__file__).parent)


class _Log:
    """What NumPy writes to in its mode "log", in place of a warning."""

    def write(self, text: str) -> None:
        """Take "Warning: divide by zero encountered in log"; raises what a filter makes of it."""
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_NUMPY):
            frame = frame.f_back
        if not frame.f_code.co_filename.startswith(_ENGINE):
            message = text.strip().removeprefix("Warning: ")
            warnings.warn(message, RuntimeWarning, stacklevel=2)


def install() -> None:
    """Let NumPy log where it would warn; what the person has set otherwise stays."""
    modes = {kind: "log" for kind, mode in np.geterr().items() if mode == "warn"}
    if modes and np.geterrcall() is None:
        np.seterrcall(_Log())
        np.seterr(**modes)  # type: ignore[arg-type]
    # Other threads begin with NumPy's own settings, whatever is set here.
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"(engine|torch)(\.|$)")
