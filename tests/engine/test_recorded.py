"""What PyTorch 2.13 answered to short programs of everyday use, and the engine answers too.

A case is code, the expressions to look at afterwards, and what each gave: a value, a tensor, a repr or
an error; or the error the code ended in; and the warnings on the way.
"""

from __future__ import annotations

import cmath
import contextlib
import io
import json
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine

FOLDER = Path(__file__).parent / "recorded"
CASES = [
    pytest.param(case, id=f"{path.stem}-{case['id']}")
    for path in sorted(FOLDER.glob("*.json"))
    for case in json.loads(path.read_text("utf-8"))
]
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{5,}")
_LINE = re.compile(r'File "[^"]*", line \d+')
_OVERLOADS = re.compile(r"but expected one of:.*", re.S)
_ONCE = ("__array", "`torch.jit.script` is deprecated")  # NumPy's own; said once in a process
_TOLERANCE = {"float16": 2e-3, "bfloat16": 1.6e-2}


def _plain(text: str) -> str:
    text = _OVERLOADS.sub("but expected one of: …", text)
    return _LINE.sub('File "…", line N', _ADDRESS.sub("0xADDR", text))


def _error(error: Exception) -> dict[str, str]:
    return {"error": type(error).__name__, "message": _plain(str(error))}


def _nested(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_nested(v) for v in value]
    if isinstance(value, complex):
        return {"re": _nested(value.real), "im": _nested(value.imag)}
    return str(value) if isinstance(value, float) and not np.isfinite(value) else value


def _show(value: Any) -> Any:
    """A value as the recordings write it."""
    if isinstance(value, str):
        return _plain(value)
    if value is None or type(value) in (bool, int, float, complex):
        return _nested(value)
    if isinstance(value, engine.Tensor):
        dtype = str(value.dtype).rpartition(".")[2]
        return {"tensor": [dtype, list(value.shape), value.requires_grad, _nested(value.tolist())]}
    if isinstance(value, (np.ndarray, np.generic)):
        return {"array": [str(value.dtype), list(value.shape), _nested(value.tolist())]}
    if type(value) in (list, tuple) or (isinstance(value, tuple) and hasattr(value, "_fields")):
        return {"list" if isinstance(value, list) else "tuple": [_show(v) for v in value]}
    if isinstance(value, dict):
        keys = [k if isinstance(k, str) else repr(k) for k in value]
        return {"dict": [[_plain(k), _show(v)] for k, v in zip(keys, value.values(), strict=True)]}
    return {"repr": _plain(repr(value))}


def _number(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"re", "im"}:
        return complex(_number(value["re"]), _number(value["im"]))
    return float(value) if value in ("nan", "inf", "-inf") else value


def _same(want: Any, got: Any, tolerance: float = 1e-5) -> bool:
    want, got = (_number(v) if isinstance(v, (str, dict)) else v for v in (want, got))
    if isinstance(want, dict):
        if not isinstance(got, dict) or want.keys() != got.keys():
            return False
        if "tensor" in want:
            tolerance = _TOLERANCE.get(want["tensor"][0], tolerance)
        return all(_same(want[k], got[k], tolerance) for k in want)
    if isinstance(want, list):
        return (
            isinstance(got, list)
            and len(want) == len(got)
            and all(_same(w, g, tolerance) for w, g in zip(want, got, strict=True))
        )
    if isinstance(want, (float, complex)) and isinstance(got, (float, complex)):
        if cmath.isnan(want) or cmath.isinf(want):
            return str(want) == str(got)
        return abs(want - got) <= max(1e-6, tolerance * 0.1) + tolerance * abs(want)
    return type(want) is type(got) and bool(want == got)


def _run(code: str, observe: list[str]) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__case__", "torch": engine}
    out: dict[str, Any] = {}
    with (
        warnings.catch_warnings(record=True) as seen,
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("always")
        try:
            exec(compile(code, "<case>", "exec"), names)
            out["results"] = []
            for expression in observe:
                try:
                    value = _show(eval(compile(expression, "<observe>", "eval"), names))
                except Exception as error:
                    value = _error(error)
                out["results"].append(value)
        except Exception as error:
            out.update(_error(error))
    texts: list[list[str]] = []
    for w in seen:
        text = [w.category.__name__, _plain(str(w.message).strip().split("\n")[0])]
        if text not in texts and not text[1].startswith(_ONCE):
            texts.append(text)
    out["warnings"] = texts
    return out


def _reset() -> None:
    engine.set_grad_enabled(True)
    engine.set_default_dtype(engine.float32)
    engine.set_printoptions(profile="default")
    engine.autograd.set_detect_anomaly(False)
    engine.manual_seed(0)
    engine.set_warn_always(True)
    np.random.seed(0)


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engine goes by PyTorch's name, with its settings as they are at the start."""
    for name, module in list(sys.modules.items()):
        if name == "engine" or name.startswith("engine."):
            monkeypatch.setitem(sys.modules, "torch" + name[len("engine") :], module)
    _reset()
    with np.errstate(all="ignore"):
        yield
    _reset()
    engine.set_warn_always(False)


@pytest.mark.usefixtures("bound")
@pytest.mark.parametrize("case", CASES)
def test_answers_as_recorded(case: dict[str, Any]) -> None:
    got = _run(case["code"], case.get("observe", []))
    want = {"warnings": case.get("warnings", [])}
    if "error" in case:
        want |= {"error": case["error"], "message": case["message"]}
    else:
        want["results"] = case["results"]
    assert _same(want, got), f"\n{case['code']}\nwant {want}\ngot  {got}"
