"""Runs the code cells of an example in order, each with its printed text and its error.

`python tests/resources/running_examples.py` under a Python that has PyTorch 2.13 writes
`data/examples.json`: what its cells print there.
"""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"
RECORDING = Path(__file__).parent / "data" / "examples.json"


def notebook(name: str) -> dict[str, Any]:
    """Return a notebook as JSON."""
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def run(name: str) -> list[dict[str, str | None]]:
    """Return what each code cell printed and the error it ended with, if any."""
    names: dict[str, Any] = {"__name__": "__main__"}
    found = []
    for cell in notebook(name)["cells"]:
        if cell["cell_type"] != "code":
            continue
        printed, error = io.StringIO(), None
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                exec(compile("".join(cell["source"]), f"<{cell['id']}>", "exec"), names)
            except Exception as e:
                error = f"{type(e).__name__}: {e}"
        found.append({"cell": cell["id"], "printed": printed.getvalue(), "error": error})
    return found


if __name__ == "__main__":
    index = json.loads((EXAMPLES / "index.json").read_text(encoding="utf-8"))
    results = {entry["file"]: run(entry["file"]) for entry in index}
    RECORDING.write_text(json.dumps(results, indent=1) + "\n")
