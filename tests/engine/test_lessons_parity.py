"""Five public lessons, cell by cell: the engine prints what PyTorch printed.

The lessons lie beside the checkout (../shared/lessons) and are not ours to ship; what PyTorch 2.13
printed is recorded in lessons_expected.json. Run this file with a Python that has PyTorch to record
it again.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
LESSONS = HERE.parents[2] / "shared" / "lessons"
EXPECTED = HERE / "lessons_expected.json"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{5,}")


def _cells(path: Path) -> list[str]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


def _run_cell(source: str, names: dict[str, Any]) -> dict[str, str]:
    """What a cell prints, the repr of its last expression, and the error it ends in."""
    source = "\n".join(line for line in source.split("\n") if not line.startswith("%"))
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    out = io.StringIO()
    result: dict[str, str] = {}
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(tree, "<cell>", "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
                if value is not None:
                    result["value"] = repr(value)
        except Exception as e:
            result["error"] = traceback.format_exception_only(e)[-1].strip()
    result["printed"] = out.getvalue()
    return {k: _ADDRESS.sub("0xADDR", v) for k, v in result.items()}


def run_lesson(path: Path, torch: Any) -> list[dict[str, str]]:
    """Run all code cells in one namespace with `torch` as PyTorch, seed 0."""
    torch.manual_seed(0)
    names: dict[str, Any] = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_run_cell(source, names) for source in _cells(path)]


def _names() -> list[str]:
    return list(json.loads(EXPECTED.read_text("utf-8")))


@pytest.mark.parametrize("name", _names())
def test_a_lesson_prints_what_pytorch_prints(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = LESSONS / name
    if not path.exists():
        pytest.skip(f"the lesson {name} is not beside this checkout ({LESSONS})")
    import engine

    monkeypatch.setitem(sys.modules, "torch", engine)
    got = run_lesson(path, engine)
    expected = json.loads(EXPECTED.read_text("utf-8"))[name]
    for i, (g, e) in enumerate(zip(got, expected, strict=True)):
        assert g == e, f"code cell {i}"


if __name__ == "__main__":
    import torch as reference

    recorded = {p.name: run_lesson(p, reference) for p in sorted(LESSONS.glob("*.ipynb"))}
    EXPECTED.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n", "utf-8")
