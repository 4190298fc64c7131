"""The program's text: where a name was given."""

from __future__ import annotations

import ast
import re


def assigned(cells: list[tuple[str, str, int]], name: str) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a name was last given before a place; None if nowhere.

    cells: (key, source, last line that counts), the latest first. Of "fc.weight" it is where an
    attribute `weight` is given, or "fc".
    """
    wanted, attribute = name.split(".")[0], name.split(".")[-1]
    for key, source, last in cells:
        try:
            tree = ast.parse(_without_magics(source))
        except SyntaxError:
            continue
        lines = source.splitlines()
        given = [
            node for node in ast.walk(tree)
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store)
            and node.lineno <= last
        ]  # fmt: skip
        found = [node.lineno for node in given if isinstance(node, ast.Name) and node.id == wanted]
        found = found or [
            node.lineno
            for node in given
            if isinstance(node, ast.Attribute) and node.attr == attribute
        ]
        if found:
            return key, max(found), lines[max(found) - 1].strip()
    return None


def _without_magics(source: str) -> str:
    """Return a cell's text with the lines that are not Python left empty."""
    lines = source.split("\n")
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def through_data(cells: list[tuple[str, str, int]], name: str) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a name's .data is read; None if nowhere."""
    return _searched(
        cells, re.compile(rf"\b{re.escape(name)}\.data\b(?!\s*[-+*/@]?=[^=])(?!\.\w+_\()")
    )


def taken_out(cells: list[tuple[str, str, int]], name: str) -> tuple[str, int, str] | None:
    """Return (cell, line, its text) where a name's numbers are taken, as with .tolist(); None if not."""
    taken = re.compile(
        rf"\b{re.escape(name)}(\[[^\]]*\]|\.detach\(\)|\.cpu\(\))*\.(tolist|item|numpy)\("
        rf"|\b(float|int|list)\({re.escape(name)}\)"
    )
    return _searched(cells, taken)


def _searched(
    cells: list[tuple[str, str, int]], pattern: re.Pattern[str]
) -> tuple[str, int, str] | None:
    for key, source, last in cells:
        for number, line in enumerate(source.splitlines()[:last], 1):
            if pattern.search(line):
                return key, number, line.strip()
    return None
