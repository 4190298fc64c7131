"""torch.autograd: differentiation of what was computed."""

from __future__ import annotations

from typing import Any

from engine import later

_HERE = "engine.autograd."
#: Loaded when used: the parts need the operations, which in turn need this package's nodes.
_LATER = {
    **{
        name: _HERE + name for name in ("forward_ad", "function", "functional", "graph", "profiler")
    },
    "anomaly_mode": _HERE + "anomaly",
    "grad_mode": _HERE + "mode",
    "variable": _HERE + "variables",
    "set_multithreading_enabled": _HERE + "mode:set_multithreading_enabled",
    **{
        name: f"{_HERE}{module}:{name}"
        for module, names in {
            "anomaly": "detect_anomaly set_detect_anomaly",
            "check": "GradcheckError gradcheck gradgradcheck",
            "function": "Function",
            "mode": "enable_grad inference_mode is_grad_enabled no_grad set_grad_enabled",
            "passes": "backward grad",
            "variables": "Variable",
        }.items()
        for name in names.split()
    },
}


def __getattr__(name: str) -> Any:
    return later.load(__name__, _LATER, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
