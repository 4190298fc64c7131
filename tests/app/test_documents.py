"""Notebooks and scripts come back from the disk as they were."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import documents, percent
from app.documents import Cell, Document, DocumentError


def notebook(*cells: dict[str, Any], minor: int = 5, **more: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": minor} | more


def code(source: Any, *outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": "one", "metadata": {}, "source": source,
        "outputs": list(outputs), "execution_count": None,
    } | more  # fmt: skip


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), "utf-8")
    return path


def saved(document: Document, path: Path) -> Any:
    documents.save(document, path)
    return json.loads(path.read_text("utf-8"))


# --- notebooks


def test_the_lessons_come_back_unchanged(lessons: list[Path], tmp_path: Path) -> None:
    for lesson in lessons:
        original = json.loads(lesson.read_text("utf-8"))
        again = saved(documents.load(lesson), tmp_path / lesson.name)
        nbformat.validate(again)
        assert without_defaults(again) == without_defaults(original)


def without_defaults(content: dict[str, Any]) -> dict[str, Any]:
    """Drop what the format demands of a code cell even where it says nothing."""
    for cell in content["cells"]:
        for key, value in [("execution_count", None), ("outputs", [])]:
            if cell.get(key) == value:
                cell.pop(key, None)
    return content


def test_a_file_that_jupyter_wrote_comes_back_byte_for_byte(tmp_path: Path) -> None:
    content = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Title\n\nmore"),
            nbformat.v4.new_code_cell(
                "x = 1\nx",
                execution_count=3,
                outputs=[
                    nbformat.v4.new_output("stream", text="a\nb\n"),
                    nbformat.v4.new_output(
                        "execute_result", {"text/plain": "1\n2"}, execution_count=3
                    ),
                    nbformat.v4.new_output("display_data", {"image/png": "aGVsbG8=\n"}),
                ],
            ),
        ]
    )
    path = tmp_path / "a.ipynb"
    nbformat.write(content, path)
    before = path.read_bytes()
    documents.save(documents.load(path), path)
    assert path.read_bytes() == before


def test_what_we_do_not_understand_is_kept(tmp_path: Path) -> None:
    content = notebook(
        code(
            ["x\n", "y"],
            {"output_type": "hologram", "text": ["a", "b"], "light": {"z": 1}},
            {
                "output_type": "display_data", "metadata": {"m": 1},
                "data": {"application/vnd.x+json": ["a", "b"], "text/html": ["<b>\n", "</b>"]},
            },
            metadata={"tags": ["raises-exception"], "collapsed": True},
            future="field",
        ),
        {
            "cell_type": "markdown", "id": "two", "metadata": {}, "source": ["![](attachment:a)"],
            "attachments": {"a.png": {"image/png": "aGVsbG8="}},
        },
        {"cell_type": "raw", "id": "three", "metadata": {"format": "text/latex"}, "source": []},
        metadata={"kernelspec": {"name": "python3"}, "widgets": {"state": {}}},
        more={"than": "the format knows"},
    )  # fmt: skip
    document = documents.load(written(tmp_path / "a.ipynb", content))
    assert [cell.kind for cell in document.cells] == ["code", "markdown", "raw"]
    assert [cell.key for cell in document.cells] == ["one", "two", "three"]
    assert document.cells[0].source == "x\ny"
    assert document.cells[0].tags == ["raises-exception"]
    assert document.cells[0].outputs[1]["data"]["text/html"] == "<b>\n</b>"
    assert saved(document, tmp_path / "b.ipynb") == content


def test_old_minor_versions_stay_without_ids(tmp_path: Path) -> None:
    cell = code("1")
    del cell["id"]
    document = documents.load(written(tmp_path / "a.ipynb", notebook(cell, minor=2)))
    assert document.cells[0].key
    again = saved(document, tmp_path / "b.ipynb")
    assert "id" not in again["cells"][0]
    assert again["nbformat_minor"] == 2
    nbformat.validate(again)


def test_keys_are_unique_where_ids_are_not(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ipynb", notebook(code("1"), code("2"), code("3", id="no good!")))
    document = documents.load(path)
    assert len({cell.key for cell in document.cells}) == 3
    nbformat.validate(saved(document, path))


def test_version_3_is_upgraded(tmp_path: Path) -> None:
    old = nbformat.v3.new_notebook(
        worksheets=[
            nbformat.v3.new_worksheet(
                cells=[
                    nbformat.v3.new_text_cell("markdown", source="# Old"),
                    nbformat.v3.new_code_cell(
                        "print(1)",
                        prompt_number=7,
                        outputs=[nbformat.v3.new_output("stream", "1\n")],
                    ),
                ]
            )
        ]
    )
    document = documents.load(written(tmp_path / "a.ipynb", old))
    assert [(cell.kind, cell.source) for cell in document.cells] == [
        ("markdown", "# Old"), ("code", "print(1)"),
    ]  # fmt: skip
    assert document.cells[1].count == 7
    assert document.cells[1].outputs[0]["text"] == "1\n"
    nbformat.validate(saved(document, tmp_path / "b.ipynb"))


def test_a_new_document_is_a_valid_notebook(tmp_path: Path) -> None:
    document = documents.new()
    document.cells.append(Cell(documents.new_key(), "markdown", "# Hé ∂\nx"))
    document.cells[0].outputs.append(
        {"output_type": "stream", "name": "stdout", "text": "lone \ud800 surrogate"}
    )
    path = tmp_path / "a.ipynb"
    nbformat.validate(saved(document, path))
    again = documents.load(path)
    assert again.cells[1].source == "# Hé ∂\nx"
    assert again.cells[0].outputs == document.cells[0].outputs


def test_a_cell_that_became_code_has_no_attachments(tmp_path: Path) -> None:
    cell = Cell("one", "code", "1", extra={"metadata": {}, "attachments": {"a": {}}})
    nbformat.validate(saved(Document(cells=[cell]), tmp_path / "a.ipynb"))


# --- what cannot be opened


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.ipynb", b"", ["is empty"]),
        ("a.ipynb", b"print(1)", ["not a notebook", "line 1"]),
        ("a.ipynb", b'{"a":\n 1,,}', ["line 2"]),
        ("a.ipynb", b"[1, 2]", ["not a notebook"]),
        ("a.ipynb", b'{"cells": []}', ["not a notebook"]),
        ("a.ipynb", b'{"nbformat": 4}', ["no cells"]),
        ("a.ipynb", b'{"nbformat": 4, "cells": [7]}', ["cell 1"]),
        ("a.ipynb", b'{"nbformat": 5, "cells": []}', ["format 5", "update"]),
        ("a.ipynb", b'{"nbformat": 3, "worksheets": 7}', ["broken", "format 3"]),
        ("a.ipynb", b"\x89PNG\r\n\x1a\n\0\0", ["binary"]),
        ("a.ipynb", b"\xff\xfe bad", ["UTF-8"]),
        ("a.ipynb", b"[" * 100_000, ["nested"]),
        ("a.py", b"x = '\xe9'\n", ["not a readable script"]),
        ("a.py", b"# coding: no-such-code\n", ["not a readable script"]),
        ("a.txt", b"hello", [".ipynb", ".py"]),
    ],
)
def test_what_cannot_be_opened_says_why(
    tmp_path: Path, name: str, content: bytes, words: list[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        documents.load(path)
    assert str(path) in str(caught.value)
    assert all(word in str(caught.value) for word in words)


def test_missing_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="does not exist"):
        documents.load(tmp_path / "none.ipynb")
    folder = tmp_path / "folder.ipynb"
    folder.mkdir()
    with pytest.raises(DocumentError, match="is a folder"):
        documents.load(folder)
    with pytest.raises(DocumentError, match="is a folder"):
        documents.save(documents.new(), folder)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_forbidden_files_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text("{}")
    path.chmod(0)
    with pytest.raises(DocumentError, match="may not be read"):
        documents.load(path)


# --- saving


def test_saving_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ipynb"
    documents.save(documents.new(), path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DocumentError, match="No space left"):
        documents.save(Document(cells=[Cell("other", source="x" * 1000)]), path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.ipynb"]


@pytest.mark.skipif(os.name != "posix", reason="links and permissions of Unix")
def test_links_and_permissions_stay(tmp_path: Path) -> None:
    target, link = tmp_path / "target.py", tmp_path / "link.py"
    target.write_text("x = 1\n")
    target.chmod(0o755)
    link.symlink_to(target)
    document = documents.load(link)
    document.cells[0].source = "x = 2"
    documents.save(document, link)
    assert link.is_symlink()
    assert target.read_text() == "x = 2\n"
    assert target.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be written"):
        documents.save(documents.new(), tmp_path / "none" / "a.ipynb")


# --- scripts

SCRIPT = '''#!/usr/bin/env python
"""What it does."""

# %% The title
import torch

x = torch.ones(2)


# %% [markdown]
# # A heading
#
# with $x^2$

#%% [markdown] quoted
"""
# Another
"""
# %%
# %%time is a magic, not a cell
y = """
no cell
"""
# %%'''


def test_a_script_is_cut_at_its_markers(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(SCRIPT)
    document = documents.load(path)
    assert document.format == "py"
    assert [cell.kind for cell in document.cells] == [
        "code", "code", "markdown", "markdown", "code", "code",
    ]  # fmt: skip
    sources = [cell.source for cell in document.cells]
    assert sources[0] == '#!/usr/bin/env python\n"""What it does."""'
    assert sources[1] == "import torch\n\nx = torch.ones(2)"
    assert sources[2] == "# A heading\n\nwith $x^2$"
    assert sources[3] == "# Another"
    assert sources[4].startswith("# %%time")
    assert sources[5] == ""


@pytest.mark.parametrize(
    "text",
    [
        SCRIPT, "", "x = 1", "x = 1\n\n\n", "# %%\n", "# %%\n# %%\n", "\n\n# %%\nx\n",
        "# %%\r\nx = 1\r\n\r\n# %% [markdown]\r\n# Hi\r\n", "# %% [markdown]\n# a  \n# \n#\nodd\n",
        "# -*- coding: latin-1 -*-\nx = 'é'\n", "\ufeff# %%\nx\n", "# %%\n\n\n\nx\n",
    ],
)  # fmt: skip
def test_an_unchanged_script_stays_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(text.encode("latin-1" if "latin-1" in text else "utf-8"))
    before = path.read_bytes()
    documents.save(documents.load(path), path)
    assert path.read_bytes() == before


@given(st.text(alphabet="# %[markdown]x\n\"'", max_size=80))
def test_any_script_stays_as_it_is(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.py"
    path.write_bytes(text.encode())
    documents.save(documents.load(path), path)
    assert path.read_bytes() == text.encode()


def test_only_a_changed_cell_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(SCRIPT)
    document = documents.load(path)
    document.cells[1].source = "import torch"
    document.cells[2].source = "# New\n\ntext"
    document.cells[3].source = "# Quoted still"
    documents.save(document, path)
    text = path.read_text()
    assert "# %% The title\nimport torch\n\n\n# %% [markdown]\n# # New\n#\n# text\n\n#%%" in text
    assert '#%% [markdown] quoted\n"""\n# Quoted still\n"""\n# %%\n# %%time' in text
    assert text.startswith(SCRIPT[:50])


def test_cells_can_be_added_moved_and_changed_in_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    document = documents.load(path)
    document.cells.append(Cell(documents.new_key(), "code", "y = 2"))
    document.cells.append(Cell(documents.new_key(), "markdown", "# Title\n\ntext"))
    documents.save(document, path)
    assert path.read_text() == ("x = 1\n# %%\ny = 2\n\n# %% [markdown]\n# # Title\n#\n# text\n")
    document = documents.load(path)
    assert [cell.source for cell in document.cells] == ["x = 1", "y = 2", "# Title\n\ntext"]
    document.cells.reverse()
    document.cells[0].kind = "code"
    documents.save(document, path)
    assert path.read_text().startswith("# %%\n# Title\n\ntext\n# %%\ny = 2\n")
    assert path.read_text().endswith("# %%\nx = 1\n")


def test_a_notebook_becomes_a_script_and_back(tmp_path: Path) -> None:
    document = documents.new()
    document.cells[0].source = "x = 1\nx"
    document.cells.append(Cell(documents.new_key(), "markdown", "**why**"))
    document.cells.append(Cell(documents.new_key(), "raw", "as it is"))
    documents.save(document, tmp_path / "a.py")
    script = documents.load(tmp_path / "a.py")
    kinds_and_sources = [(cell.kind, cell.source) for cell in document.cells]
    assert [(cell.kind, cell.source) for cell in script.cells] == kinds_and_sources
    nbformat.validate(saved(script, tmp_path / "b.ipynb"))
    again = documents.load(tmp_path / "b.ipynb")
    assert [(cell.kind, cell.source) for cell in again.cells] == kinds_and_sources


@pytest.mark.parametrize(
    ("line", "place"),
    [(1, (0, 1)), (2, (0, 2)), (3, (1, 1)), (4, (1, 1)), (6, (2, 1)), (9, (2, 4))],
)
def test_a_line_of_a_script_is_found_in_its_cell(line: int, place: tuple[int, int]) -> None:
    text = "a = 1\nb = 2\n# %% one\nc = 3\n# %%\nd = 4\n\n\ne = 5\n"
    assert percent.place(text, line) == place
