"""Short pieces of code over the operations, whose results PyTorch 2.13 has given.

`data/operations.json` holds for each case its code, the expressions looked at afterwards, and what
they were. `python tests/engine/operation_recipes.py` under a Python that has PyTorch records again.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parent / "data" / "operations.json"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{5,}")
_LISTING = re.compile(r"but expected one of:.*", re.DOTALL)
_ORIGIN = re.compile(r"\s*\(Triggered internally at .*", re.DOTALL)


def load() -> dict[str, list[Any]]:
    """Code, expressions and results by name."""
    found: dict[str, list[Any]] = json.loads(RECORDING.read_text("utf-8"))
    return found


def _number(v: Any) -> Any:
    if isinstance(v, complex):
        return [_number(v.real), _number(v.imag)]
    if isinstance(v, float):
        return float(f"{v:.7g}") if math.isfinite(v) else str(v)
    return v


def _flat(v: Any) -> Any:
    if isinstance(v, list):
        for item in v:
            yield from _flat(item)
    else:
        yield _number(v)


def describe(v: Any, torch: Any) -> Any:
    """A value as JSON: tensors as type, shape, requires_grad and elements; the rest as text."""
    if isinstance(v, torch.Tensor):
        values = list(_flat(v.detach().tolist()))
        return [str(v.dtype)[6:], list(v.shape), int(v.requires_grad), values]
    if isinstance(v, float):
        return {"number": _number(v)}
    if isinstance(v, (list, tuple)) and not isinstance(v, torch.Size):
        return {type(v).__name__: [describe(item, torch) for item in v]}
    return _ADDRESS.sub("0xADDR", repr(v))


def _failure(e: Exception) -> str:
    return f"!{type(e).__name__.lstrip('_')}: " + _LISTING.sub("but expected one of", str(e))


def _reset(torch: Any) -> None:
    torch.manual_seed(0)
    torch.set_warn_always(True)
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions(profile="default")
    torch.use_deterministic_algorithms(False)


def results(code: str, looked_at: list[str], torch: Any) -> list[Any]:
    """What the expressions give after the code, or the error it ends in; then the warnings."""
    space: dict[str, Any] = {"torch": torch, "__name__": "__case__"}
    _reset(torch)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            exec(compile(code, "<case>", "exec"), space)
            out = [_result(expression, space, torch) for expression in looked_at]
        except Exception as e:
            out = [_failure(e)]
    texts = [_ORIGIN.sub("", str(w.message).strip().split("\n")[0]) for w in seen]
    return [*out, *dict.fromkeys(t for t in texts if not t.startswith("__array"))]


def _result(expression: str, space: dict[str, Any], torch: Any) -> Any:
    try:
        return describe(eval(compile(expression, "<looked at>", "eval"), space), torch)
    except Exception as e:
        return _failure(e)


if __name__ == "__main__":
    import torch as reference

    assert not hasattr(reference, "tape"), "this records PyTorch, not the engine"
    rows = {
        name: [code, looked_at, results(code, looked_at, reference)]
        for name, (code, looked_at, *_) in load().items()
    }
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(row, ensure_ascii=False, separators=(',', ':'))}"
        for name, row in rows.items()
    )
    RECORDING.write_text("{\n" + lines + "\n}\n", "utf-8")
