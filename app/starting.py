"""What makes a start quick; to be called before the window's modules are imported."""

from __future__ import annotations

import gc
import importlib
import sys


def hasten() -> None:
    """Import PySide, and let the imports after it cost what imports cost.

    Nothing of what a start makes is garbage: `app.main.run` collects again once it has started.
    And PySide reads the source of every module that is imported, to find out whether
    `from __future__`-like features of its own could be meant for it: a fifth of the start, for
    nothing, since none is ever chosen here.
    """
    gc.disable()
    importlib.import_module("PySide6.QtCore")
    features = sys.modules.get("shibokensupport.feature")
    if hasattr(features, "_mod_uses_pyside"):
        setattr(features, "_mod_uses_pyside", lambda module: False)  # noqa: B010 (not in its types)
