"""Recording without a window: scripts, notebooks, errors, and what is kept of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from app import documents
from app.documents import Cell, Document, DocumentError
from app.record import Result, record
from engine.tape.schema import Mark
from engine.tape.tape import Tape

ROOT = Path(__file__).resolve().parents[2]


def make_notebook(folder: Path, *sources: str, tags: dict[int, list[str]] | None = None) -> Path:
    """Write a notebook of code cells with the keys c0, c1, ..."""
    cells = [Cell(f"c{n}", "code", source) for n, source in enumerate(sources)]
    for number, names in (tags or {}).items():
        cells[number].extra["metadata"] = {"tags": names}
    cells.insert(0, Cell("text", "markdown", "# Title"))
    path = folder / "lesson.ipynb"
    documents.save(Document(cells=cells), path)
    return path


def printed(path: Path, key: str) -> str:
    (cell,) = [cell for cell in documents.load(path).cells if cell.key == key]
    return "".join(o["text"] for o in cell.outputs if o["output_type"] == "stream")


def marks(tape: Path) -> list[tuple[Mark, str]]:
    opened = Tape.open(tape)
    found = [
        (Mark(m["kind"]), opened.text(m["text"]) if m["text"] >= 0 else "") for m in opened.marks
    ]
    opened.close()
    return found


def cells(tape: Path) -> list[tuple[str, int]]:
    opened = Tape.open(tape)
    found = [(opened.text(row["key"]), int(row["count"])) for row in opened.cells]
    opened.close()
    return found


def test_a_notebook_is_run_from_top_to_bottom(tmp_path: Path) -> None:
    path = make_notebook(tmp_path, "x = 20", "print('hello')\nx + 22")
    steps: list[tuple[int, int, str]] = []
    result = record(
        path, tmp_path / "a.tape", tmp_path / "out.ipynb",
        progress=lambda done, total, what: steps.append((done, total, what)),
    )  # fmt: skip
    assert result == Result("ok", ran=2)
    assert steps == [(0, 2, "x = 20"), (1, 2, "print('hello')"), (2, 2, "done")]
    assert cells(tmp_path / "a.tape") == [("c0", 1), ("c1", 2)]
    assert (Mark.PRINT, "hello") in marks(tmp_path / "a.tape")
    executed = json.loads((tmp_path / "out.ipynb").read_text("utf-8"))
    nbformat.validate(executed)
    last = executed["cells"][2]
    assert last["execution_count"] == 2
    assert [output["output_type"] for output in last["outputs"]] == ["stream", "execute_result"]
    assert last["outputs"][1]["data"] == {"text/plain": ["42"]}
    assert not any(name.name.startswith(".") for name in tmp_path.iterdir())


def test_the_notebook_itself_is_not_changed(tmp_path: Path) -> None:
    path = make_notebook(tmp_path, "print(1)")
    before = path.read_bytes()
    record(path, tmp_path / "a.tape", tmp_path / "out.ipynb")
    assert path.read_bytes() == before


def test_an_error_ends_the_run_and_what_came_before_is_kept(tmp_path: Path) -> None:
    path = make_notebook(tmp_path, "print('one')", "a = 1\nb = a / 0", "print('never')")
    result = record(path, tmp_path / "a.tape", tmp_path / "out.ipynb")
    assert (result.status, result.ran) == ("error", 2)
    assert result.error == f"{path}, cell 3, line 2: ZeroDivisionError: division by zero"
    (error,) = result.errors
    assert (error.key, error.number, error.line, error.name) == ("c1", 3, 2, "ZeroDivisionError")
    assert cells(tmp_path / "a.tape") == [("c0", 1), ("c1", 2)]
    (text,) = [text for kind, text in marks(tmp_path / "a.tape") if kind == Mark.ERROR]
    assert "division by zero" in text
    assert printed(tmp_path / "out.ipynb", "c0") == "one\n"
    assert printed(tmp_path / "out.ipynb", "c2") == ""


def test_allowed_errors_end_nothing(tmp_path: Path) -> None:
    path = make_notebook(tmp_path, "1/0", "print('goes on')", "raise KeyError('k')")
    result = record(path, tmp_path / "a.tape", tmp_path / "out.ipynb", allow_errors=True)
    assert (result.status, result.ran) == ("error", 3)
    assert [error.name for error in result.errors] == ["ZeroDivisionError", "KeyError"]
    assert printed(tmp_path / "out.ipynb", "c1") == "goes on\n"


def test_a_cell_that_is_meant_to_raise_is_no_error(tmp_path: Path) -> None:
    path = make_notebook(tmp_path, "1/0", "print('goes on')", tags={0: ["raises-exception"]})
    result = record(path, tmp_path / "a.tape", tmp_path / "out.ipynb")
    assert result == Result("ok", ran=2)
    assert printed(tmp_path / "out.ipynb", "c1") == "goes on\n"


def test_a_kernel_that_dies_leaves_its_tape(tmp_path: Path) -> None:
    path = make_notebook(tmp_path, "print('one')", "import os; os._exit(7)", "print('never')")
    result = record(path, tmp_path / "a.tape")
    assert result.status == "died"
    assert "exit status 7" in result.error
    assert ("c0", 1) in cells(tmp_path / "a.tape")


def test_a_notebook_runs_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("answer = 42")
    path = make_notebook(tmp_path, "import helper\nprint(helper.answer)")
    record(path, tmp_path / "a.tape", tmp_path / "out.ipynb")
    assert printed(tmp_path / "out.ipynb", "c0") == "42\n"


def run_script(folder: Path, text: str, name: str = "script.py") -> tuple[Result, str]:
    (folder / name).write_text(text)
    result = record(folder / name, folder / "a.tape", folder / "out.ipynb")
    (cell,) = documents.load(folder / "out.ipynb").cells
    kinds: list[dict[str, Any]] = cell.outputs
    assert all(output["output_type"] != "execute_result" for output in kinds)
    return result, "".join(o["text"] for o in kinds if o["output_type"] == "stream")


def test_a_script_is_one_program(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("answer = 42")
    result, out = run_script(
        tmp_path,
        "import sys, os\nimport beside\n"
        "def main():\n    print(beside.answer, sys.argv, __file__)\n"
        "if __name__ == '__main__':\n    main()\n\n# %% a cell's mark\n'no result'\n"
        "print(os.getcwd())\n",
    )
    path = str(tmp_path / "script.py")
    assert result == Result("ok", ran=1)
    assert out == f"42 {[path]!r} {path}\n{Path.cwd()}\n"


def test_a_scripts_error_has_its_line(tmp_path: Path) -> None:
    result, _ = run_script(tmp_path, "import math\n\ndef f(x):\n    return 1 / x\n\nf(0)\n")
    path = tmp_path / "script.py"
    assert result.error == f"{path}, line 4: ZeroDivisionError: division by zero"
    assert str(path) in "".join(result.errors[0].traceback)


def test_a_scripts_syntax_error_has_its_line(tmp_path: Path) -> None:
    result, _ = run_script(tmp_path, "x = 1\ny = = 2\n")
    assert ", line 2: SyntaxError" in result.error


@pytest.mark.parametrize(
    ("leave", "status"), [("", "ok"), ("0", "ok"), ("3", "error"), ("'no data'", "error")]
)
def test_a_script_may_exit(tmp_path: Path, leave: str, status: str) -> None:
    result, out = run_script(
        tmp_path, f"import sys\nprint('in')\nsys.exit({leave})\nprint('out')\n"
    )
    assert result.status == status
    assert out == ("in\nno data\n" if "data" in leave else "in\n")


def test_what_cannot_be_run_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="does not exist"):
        record(tmp_path / "none.py", tmp_path / "a.tape")
    assert not (tmp_path / "a.tape").exists()


def test_operations_of_a_script_are_on_the_tape(tmp_path: Path) -> None:
    result, out = run_script(
        tmp_path,
        "import torch\nw = torch.tensor([1.0, 2.0], requires_grad=True)\n"
        "loss = (w * w).sum()\nloss.backward()\nprint(w.grad.tolist())\n",
    )
    assert (result.status, out) == ("ok", "[2.0, 4.0]\n")
    tape = Tape.open(tmp_path / "a.tape")
    assert [tape.text(op["name"]) for op in tape.ops] == ["mul", "sum"]
    assert len(tape.passes) == 1
    tape.close()


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT as a terminal does")
def test_ctrl_c_keeps_what_was_recorded(tmp_path: Path) -> None:
    path = make_notebook(tmp_path, "print('one')", "while True: pass")
    program = (
        "import sys\nfrom app.record import record\n"
        "tell = lambda done, total, what: print(what, flush=True)\n"
        "record(sys.argv[1], sys.argv[2], progress=tell)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, path, tmp_path / "a.tape"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        while "while True" not in run.stdout.readline():
            pass
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=60)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert ("c0", 1) in cells(tmp_path / "a.tape")


def test_recording_needs_no_qt(tmp_path: Path) -> None:
    path = make_notebook(tmp_path, "print(1)")
    program = (
        "import sys\nsys.modules['PySide6'] = None\nfrom app.record import record\n"
        "print(record(sys.argv[1], sys.argv[2]).status)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, path, tmp_path / "a.tape"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (run.stdout, run.stderr) == ("ok\n", "")
