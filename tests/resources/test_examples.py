"""The built-in examples run under the engine and print what PyTorch prints."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

import engine
import engine.nn
import engine.nn.functional
import engine.optim

_spec = importlib.util.spec_from_file_location(
    "running_examples", Path(__file__).parent / "running_examples.py"
)
assert _spec is not None and _spec.loader is not None
running: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(running)

INDEX = json.loads((running.EXAMPLES / "index.json").read_text(encoding="utf-8"))
RECORDED = json.loads(running.RECORDING.read_text())
FILES = [entry["file"] for entry in INDEX]


@pytest.fixture
def torch_is_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, module in {
        "torch": engine,
        "torch.nn": engine.nn,
        "torch.nn.functional": engine.nn.functional,
        "torch.optim": engine.optim,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.usefixtures("torch_is_the_engine")
def test_an_example_prints_what_pytorch_prints(file: str) -> None:
    assert running.run(file) == RECORDED[file]


@pytest.mark.parametrize("file", FILES)
def test_an_example_is_a_valid_notebook_without_outputs(file: str) -> None:
    book = nbformat.read(running.EXAMPLES / file, as_version=nbformat.NO_CONVERT)
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    assert book.cells[0].cell_type == "markdown"
    assert all(not c.outputs and c.execution_count is None for c in book.cells if "outputs" in c)


@pytest.mark.parametrize("file", FILES)
def test_exactly_the_cells_that_raise_are_marked_as_raising(file: str) -> None:
    marked = {
        cell["id"]
        for cell in running.notebook(file)["cells"]
        if "raises-exception" in cell["metadata"].get("tags", [])
    }
    assert marked == {result["cell"] for result in RECORDED[file] if result["error"]}


def test_the_index_lists_every_notebook_with_title_and_summary() -> None:
    assert sorted(FILES) == sorted(p.name for p in running.EXAMPLES.glob("*.ipynb"))
    for entry in INDEX:
        heading = "".join(running.notebook(entry["file"])["cells"][0]["source"]).splitlines()[0]
        assert heading == f"# {entry['title']}"
        assert entry["summary"].endswith(".")
