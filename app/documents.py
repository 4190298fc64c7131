"""Notebooks and scripts as cells: read and written without losing what we do not understand."""

from __future__ import annotations

import io
import json
import re
import tokenize
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app import percent
from engine.tape.storage.atomic import replacing

FORMATS = {".ipynb": "ipynb", ".py": "py"}
#: The nbformat of new notebooks: the first in which cells have ids.
MAJOR, MINOR = 4, 5

#: What Jupyter wants to know of a notebook before it can run it.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
#: The key in `extra` under which a script's own layout is kept.
SCRIPT = "script"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class DocumentError(Exception):
    """A file cannot be read or written; the message names it and says what to do."""


@dataclass(slots=True)
class Cell:
    """One cell. `key` names it in this document; `kind` is "code", "markdown" or "raw".

    `outputs` are nbformat-4 outputs; `extra` is what else the file holds about the cell.
    """

    key: str
    kind: str = "code"
    source: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    count: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def tags(self) -> list[str]:
        """The tags that Jupyter keeps in a cell's metadata."""
        metadata = self.extra.get("metadata")
        return list(metadata.get("tags") or []) if isinstance(metadata, dict) else []


@dataclass(slots=True)
class Document:
    """Cells and where they come from. `format` is "ipynb" or "py"; `extra` is the file's rest."""

    path: Path | None = None
    format: str = "ipynb"
    cells: list[Cell] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


def new_key() -> str:
    """Return a key for a new cell, which is also its id in a notebook file."""
    return uuid.uuid4().hex[:8]


def new() -> Document:
    """Return a notebook with one empty code cell."""
    return Document(cells=[Cell(new_key())])


def load(path: str | Path) -> Document:
    """Read a .ipynb (any version of the format) or .py file; DocumentError says what is wrong."""
    path = Path(path)
    kind = _format_of(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DocumentError(f"{path} does not exist; check its name and folder") from None
    except IsADirectoryError:
        raise DocumentError(f"{path} is a folder; choose a file in it") from None
    except PermissionError:
        raise DocumentError(f"{path} may not be read; ask its owner for permission") from None
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror or error}") from None
    if b"\0" in data:
        raise DocumentError(f"{path} is a binary file, not a {_called(kind)}; open another one")
    return _load_notebook(path, data) if kind == "ipynb" else _load_script(path, data)


def save(document: Document, path: str | Path) -> None:
    """Write a document in the format that the file's ending names: wholly, or not at all.

    A script has no place for outputs. The document itself is not changed. Raises DocumentError.
    """
    path = Path(path)
    notebook = _format_of(path) == "ipynb"
    data = _notebook_bytes(document) if notebook else _script_bytes(document)
    try:
        with replacing(path) as file:
            file.write(data)
    except PermissionError:
        raise DocumentError(f"{path} may not be written; choose another folder") from None
    except IsADirectoryError:
        raise DocumentError(f"{path} is a folder; choose another name") from None
    except OSError as error:
        raise DocumentError(f"{path} cannot be written: {error.strerror or error}") from None


def _format_of(path: Path) -> str:
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise DocumentError(
            f"{path} is neither a notebook (.ipynb) nor a script (.py); give it such an ending"
        ) from None


def _called(kind: str) -> str:
    return "notebook" if kind == "ipynb" else "script"


# --- notebooks


def _load_notebook(path: Path, data: bytes) -> Document:
    notebook = _as_version_4(path, _parse_notebook(path, data))
    cells: list[Cell] = []
    for number, raw in enumerate(notebook.pop("cells"), 1):
        if not isinstance(raw, dict) or not isinstance(raw.get("cell_type"), str):
            raise DocumentError(f"{path} is damaged: its cell {number} is none; fetch it again")
        cells.append(_read_cell(raw, {cell.key for cell in cells}))
    return Document(path, "ipynb", cells, notebook)


def _parse_notebook(path: Path, data: bytes) -> dict[str, Any]:
    again = "fetch it again, or repair it in a text editor"
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise DocumentError(f"{path} is not a notebook: it is not UTF-8 text; {again}") from None
    except json.JSONDecodeError as error:
        if not data.strip():
            raise DocumentError(f"{path} is empty; {again}") from None
        raise DocumentError(
            f"{path} is not a notebook: it stops being JSON in line {error.lineno} "
            f"({error.msg}); {again}"
        ) from None
    except RecursionError:
        raise DocumentError(f"{path} is nested too deeply for a notebook; {again}") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("nbformat"), int):
        raise DocumentError(f"{path} is JSON, but not a notebook; open another file")
    if notebook["nbformat"] > MAJOR:
        raise DocumentError(
            f"{path} has notebook format {notebook['nbformat']}, newer than {MAJOR}, which is read "
            "here; save it from Jupyter in an older format, or update Tapedeck"
        )
    return notebook


def _as_version_4(path: Path, notebook: dict[str, Any]) -> dict[str, Any]:
    try:
        if notebook["nbformat"] < MAJOR:
            import nbformat.reader  # with a validator: a window that opens none begins without

            old = nbformat.reader.reads(json.dumps(notebook))  # type: ignore[no-untyped-call]
            upgraded = nbformat.convert(old, MAJOR)  # type: ignore[no-untyped-call]
            notebook = _plain(upgraded)
    except Exception as error:  # whatever an old, broken file makes the converter do
        raise DocumentError(
            f"{path} is a broken notebook of format {notebook['nbformat']} ({error}); "
            "open and save it in Jupyter"
        ) from None
    if not isinstance(notebook.get("cells"), list):
        raise DocumentError(f"{path} is JSON, but not a notebook: it has no cells")
    return notebook


def _plain(value: Any) -> Any:
    """Return NotebookNodes as dicts."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


def _read_cell(raw: dict[str, Any], taken: Iterable[str]) -> Cell:
    kind = raw.pop("cell_type")
    name = raw.get("id")
    valid = isinstance(name, str) and _ID.fullmatch(name) and name not in taken
    cell = Cell(str(name) if valid else new_key(), kind, _join(raw.pop("source", "")))
    if kind == "code":
        cell.outputs = [_join_output(output) for output in raw.pop("outputs", None) or []]
        cell.count = raw.pop("execution_count", None)
    cell.extra = raw
    return cell


def _join(text: Any) -> Any:
    """Return lines as one text; anything else as it is."""
    lines = isinstance(text, list) and all(isinstance(line, str) for line in text)
    return "".join(text) if lines else text


def _join_output(output: dict[str, Any]) -> dict[str, Any]:
    kind = output.get("output_type")
    if kind == "stream":
        return {**output, "text": _join(output.get("text", ""))}
    if kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
        data = {mime: _join(d) if _is_text(mime) else d for mime, d in output["data"].items()}
        return {**output, "data": data}
    return output


def _split_output(output: dict[str, Any]) -> dict[str, Any]:
    kind = output.get("output_type")
    if kind == "stream":
        return {**output, "text": _split(output["text"])}
    if kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
        data = {mime: _split(d) if _is_lines(mime) else d for mime, d in output["data"].items()}
        return {**output, "data": data}
    return output


def _is_text(mime: str) -> bool:
    return not (mime == "application/json" or mime.endswith("+json"))


def _is_lines(mime: str) -> bool:
    return mime.startswith("text/") or mime in ("application/javascript", "image/svg+xml")


def _split(text: Any) -> Any:
    return text.splitlines(keepends=True) if isinstance(text, str) else text


def _notebook_bytes(document: Document) -> bytes:
    notebook: dict[str, Any] = {
        "metadata": METADATA, "nbformat": MAJOR, "nbformat_minor": MINOR,
    }  # fmt: skip
    notebook |= _without_script(document.extra)
    ids = notebook["nbformat_minor"] >= MINOR
    notebook["cells"] = [_cell_dict(cell, ids) for cell in document.cells]
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    # A lone surrogate in an output has no UTF-8; as an escape it stays what it is.
    return (text + "\n").encode("utf-8", "backslashreplace")


def _without_script(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in extra.items() if key != SCRIPT}


def _cell_dict(cell: Cell, ids: bool) -> dict[str, Any]:
    known = {"metadata": {}} | _without_script(cell.extra)
    known |= {"cell_type": cell.kind, "source": _split(cell.source)}
    known.pop("id", None)
    if ids:
        known["id"] = cell.key
    if cell.kind == "code":
        known.pop("attachments", None)
        known["execution_count"] = cell.count
        known["outputs"] = [_split_output(output) for output in cell.outputs]
    return known


# --- scripts


def _load_script(path: Path, data: bytes) -> Document:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise DocumentError(
            f"{path} is not a readable script ({error}); save it as UTF-8 in a text editor"
        ) from None
    newline = "\r\n" if "\r\n" in text else "\n"
    cells = [
        Cell(new_key(), part.kind, part.source, extra={SCRIPT: part})
        for part in percent.split(text.replace("\r\n", "\n"))
    ]
    return Document(path, "py", cells, {SCRIPT: {"encoding": encoding, "newline": newline}})


def _script_bytes(document: Document) -> bytes:
    text = percent.join(
        [(cell.kind, cell.source, cell.extra.get(SCRIPT)) for cell in document.cells]
    )
    extra = document.extra.get(SCRIPT, {})
    try:
        return text.replace("\n", extra.get("newline", "\n")).encode(extra.get("encoding", "utf-8"))
    except UnicodeEncodeError:
        raise DocumentError(
            f"the script says it is {extra['encoding']}, which lacks some of its "
            "characters; change its coding line to utf-8"
        ) from None
