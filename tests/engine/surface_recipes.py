"""Small programs over the public surface, whose output PyTorch 2.13 has given.

`python tests/engine/surface_recipes.py` under a Python that has PyTorch writes `data/surface.json`.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import textwrap
import traceback
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RECORDING = HERE / "data" / "surface.json"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{5,}")
_ORIGIN = re.compile(r"\s*\(Triggered internally at .*?\)")


def programs() -> dict[str, str]:
    """The programs of `programs/*.py` by file and heading (`# --- heading`)."""
    found = {}
    for path in sorted((HERE / "programs").glob("*.txt")):
        parts = re.split(r"^# --- (.*)$", path.read_text("utf-8"), flags=re.MULTILINE)
        for heading, body in zip(parts[1::2], parts[2::2], strict=True):
            found[f"{path.stem}: {heading.strip()}"] = textwrap.dedent(body)
    return found


def output(program: str, torch: Any) -> str:
    """What a program prints, the warnings it gives, and the error it ends in."""
    out = io.StringIO()
    torch.manual_seed(0)

    def show(message: Any, category: type[Warning], *rest: Any) -> None:
        print(f"{category.__name__}: {message}")

    with warnings.catch_warnings(), contextlib.redirect_stdout(out):
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated")
        warnings.showwarning = show  # type: ignore[assignment]
        try:
            exec(compile(program, "<program>", "exec"), {"torch": torch, "__name__": "__main__"})
        except Exception as e:
            print(traceback.format_exception_only(e)[-1].strip())
    return _ORIGIN.sub("", _ADDRESS.sub("0xADDR", out.getvalue()))


if __name__ == "__main__":
    import torch as reference
    import torch.distributions
    import torch.nn.utils.prune
    import torch.utils.benchmark

    assert not hasattr(reference, "tape"), "this records PyTorch, not the engine"
    sys.path.insert(0, str(HERE))
    recorded = {name: output(program, reference) for name, program in programs().items()}
    RECORDING.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n", "utf-8")
