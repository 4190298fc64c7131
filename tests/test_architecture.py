"""The arrows app → ui → engine, and what each room may import."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: What a room may import besides the standard library.
MAY_IMPORT = {
    "engine": {"engine", "numpy"},
    "resources": {"resources"},
    "ui": {
        "ui", "engine", "resources", "numpy", "networkx", "pyqtgraph", "PySide6", "shiboken6",
        "pygments",
    },
    "app": {
        "app", "ui", "engine", "resources", "numpy", "networkx", "PySide6",
        "IPython", "ipykernel", "jupyter_client", "nbformat", "traitlets", "zmq", "comm",
        "tornado", "PIL", "imageio_ffmpeg",
    },
}  # fmt: skip

#: Parts that must work where Qt is not installed, or in a process that must not load it.
QT_FREE = (
    "engine", "app/kernel/inside", "app/documents.py", "app/record.py", "app/cli.py",
    "app/options.py", "app/bootstrap.py", "ui/graph/model.py", "ui/graph/layout",
    "ui/graph/tint.py", "ui/graph/types.py", "ui/graph/cut.py", "ui/graph/search.py",
    "ui/inspector/view.py", "ui/palette/search.py", "ui/palette/calls.py",
)  # fmt: skip

TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "app", "engine", "ui", "resources", "tests"}


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@functools.cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the full names of all modules that a file imports, at any level of nesting."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            yield ".".join(part for part in (base, node.module or "") if part)


def files(room: str) -> list[Path]:
    found = ROOT / room
    return [found] if found.suffix == ".py" else sorted(found.rglob("*.py"))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_room_imports_only_what_it_may(room: str) -> None:
    allowed = MAY_IMPORT[room] | set(sys.stdlib_module_names)
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(room)
        for name in imports(path)
        if name.partition(".")[0] not in allowed
    ]
    assert files(room), f"no such room: {room}"
    assert not wrong


@pytest.mark.parametrize("room", QT_FREE)
def test_qt_free_parts_import_no_qt(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(room)
        for name in imports(path)
        if name.partition(".")[0] in ("PySide6", "shiboken6", "pyqtgraph")
    ]
    assert files(room), f"no such part: {room}"
    assert not wrong


def test_every_module_says_what_it_does() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for room in (*MAY_IMPORT, "tests")
        for path in files(room)
        if not ast.get_docstring(parsed(path))
    ]
    assert not silent


def test_top_level_holds_only_the_agreed_rooms() -> None:
    here = {p.name for p in ROOT.iterdir() if not p.name.startswith(".")}
    made = {name for name in here if name.endswith(".egg-info")} | {"build", "dist"}
    assert here - made == TOP_LEVEL
