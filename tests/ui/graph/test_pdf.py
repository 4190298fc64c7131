"""Graphs as PDF: words that can be searched, offsets that are right, no trace of when and where."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace

import numpy as np
import pytest

from tests.ui.graph.tapes import Script
from ui import theme as themes
from ui.graph.build import build_graph
from ui.graph.cards import card_sizes
from ui.graph.layout import lay_out
from ui.graph.model import list_graphs
from ui.graph.pdf import pdf, undated
from ui.graph.still import picture_of

pytestmark = pytest.mark.usefixtures("qapp")


def document(theme: str = "dark", spread: float = 1.0) -> bytes:
    """Return a PDF of a small graph; spread: how far its nodes are moved apart."""
    script = Script()
    script.cell("c1", 1)
    w = y = script.leaf(True, 0.25, 3)
    for _ in range(2):
        y = script.op("mul", y, w)
    script.end_cell(w=w, y=y)
    tape = script.tape()
    graph = build_graph(tape, list_graphs(tape)[0])
    layout = lay_out(graph, card_sizes(graph))
    boxes = layout.boxes * np.array((spread, spread, 1, 1), np.float32)
    layout = replace(layout, boxes=boxes, points=layout.points * np.float32(spread))
    return pdf(picture_of(graph, layout, themes.load(theme)), "Graph 1")


def words(data: bytes) -> set[str]:
    """Return the texts of a PDF: the glyphs of each text object through its font's ToUnicode."""
    objects = dict(re.findall(rb"\n(\d+) 0 obj\n(.*?)\nendobj", data, re.DOTALL))
    fonts = {}
    for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", data):
        (mapping,) = re.findall(rb"/ToUnicode (\d+) 0 R", objects[number])
        codes = re.findall(rb"<([0-9A-F]{4})>[ \]]", objects[mapping].partition(b"[")[2])
        fonts[name] = [chr(int(code, 16)) for code in codes]
    (page,) = re.findall(rb"/Contents (\d+) 0 R", data)
    content = zlib.decompress(objects[page].partition(b"stream\n")[2])
    found = set()
    for font, glyphs in re.findall(rb"BT\n/(F\d+) (.*?)ET", content, re.DOTALL):
        codes = re.findall(rb"<([0-9A-F]+)> Tj", glyphs)
        found.add("".join(fonts[font][int(code, 16) - 1] for code in codes))
    return found


def offsets_are_right(data: bytes) -> bool:
    start = int(re.findall(rb"startxref\n(\d+)", data)[0])
    places = re.findall(rb"(\d{10}) \d{5} n", data[start:])
    return data[start:].startswith(b"xref\n") and all(
        data[int(place) :].startswith(b"%d 0 obj" % number)
        for number, place in enumerate(places, 1)
    )


def test_words_are_text() -> None:
    assert {"w", "y", "mul", "MulBackward0", "AccumulateGrad", "float32[3]"} <= words(document())


def test_it_is_one_page_of_the_size_of_the_picture() -> None:
    data = document()
    width, height = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)[0]
    assert data.count(b"/Type /Page\n") == 1
    assert 150 < float(width) < 600 and 150 < float(height) < 600


def test_a_graph_larger_than_a_page_is_drawn_smaller() -> None:
    sides = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", document(spread=60.0))[0]
    assert 10_000 < max(float(side) for side in sides) <= 14_400


def test_themes_differ() -> None:
    assert document("dark") != document("light")


def test_nothing_tells_when_it_was_written() -> None:
    data = document()
    moments = set(re.findall(rb"D:\d+|\d{4}-\d\d-\d\dT[\d:]+", data))
    assert moments == {b"D:20000101000000", b"2000-01-01T00:00:00"}
    assert offsets_are_right(data)


@pytest.mark.parametrize("zone", [b"+05'30'", b"-03'00", b"Z"])
def test_nothing_tells_where_it_was_written(zone: bytes) -> None:
    """Such dates are longer in other time zones, so that everything behind them is moved."""
    here = document()
    dates = [m.end() for m in re.finditer(rb"D:20000101000000", here)]
    there = here.replace(b"D:20000101000000Z", b"D:20260731123456" + zone)
    longer = len(zone) - 1

    def moved(place: re.Match[bytes]) -> bytes:
        at = int(place[0])
        return b"%0*d" % (len(place[0]), at + longer * sum(date < at for date in dates))

    body, table = there.rsplit(b"\nxref\n", 1)
    table = re.sub(rb"\d{10}(?= \d{5} n)|(?<=startxref\n)\d+", moved, table)
    there = body + b"\nxref\n" + table
    assert offsets_are_right(there)
    assert undated(there) == here
