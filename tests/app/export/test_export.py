"""Graphs written to files: every format, the same bytes each time, and refusals in one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import networkx as nx
import pytest
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer

from app.export import ExportError, export
from engine.tape.tape import Tape
from tests.ui.graph.tapes import Script

FORMATS = [".png", ".svg", ".pdf", ".dot", ".graphml", ".json"]
SVG = "{http://www.w3.org/2000/svg}"
pytestmark = pytest.mark.usefixtures("qapp")


def lesson(runs: int = 1) -> Tape:
    script = Script()
    script.cell("c1", 1)
    w, x, b = script.leaf(True, 0.25, 3), script.leaf(size=3), script.leaf(True)
    for _ in range(runs):
        loss = script.op("mean", script.op("add", script.op("mul", w, x), b))
        script.backward(loss)
    script.end_cell(w=w, x=x, b=b, loss=loss)
    return script.tape()


@pytest.fixture
def tape() -> Tape:
    return lesson()


def write(tape: Tape, target: Path, **options: object) -> bytes:
    export(tape, target, **options)  # type: ignore[arg-type]
    assert [path.name for path in target.parent.iterdir() if path.name.endswith(".part")] == []
    return target.read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_tape_gives_the_same_bytes(tape: Tape, tmp_path: Path, suffix: str) -> None:
    first = write(tape, tmp_path / f"a{suffix}")
    assert first == write(lesson(), tmp_path / f"b{suffix}")
    assert len(first) > 200


def test_png_scales_and_has_a_theme(tape: Tape, tmp_path: Path) -> None:
    small = QImage.fromData(write(tape, tmp_path / "s.png", scale=1.0))
    large = QImage.fromData(write(tape, tmp_path / "l.png", scale=2.0))
    assert abs(large.width() - 2 * small.width()) <= 1
    assert abs(large.height() - 2 * small.height()) <= 1
    light = QImage.fromData(write(tape, tmp_path / "w.png", theme="light"))
    assert light.pixelColor(2, 2).lightness() > 200 > 60 > large.pixelColor(2, 2).lightness()


def test_svg_has_words_as_text_and_curves_as_curves(tape: Tape, tmp_path: Path) -> None:
    data = write(tape, tmp_path / "g.svg")
    root = ElementTree.fromstring(data)
    words = {"".join(text.itertext()).strip() for text in root.iter(f"{SVG}text")}
    assert {"w", "x", "b", "mul", "add", "mean", "MulBackward0", "AccumulateGrad"} <= words
    assert "float32[3]" in words
    assert sum("C" in path.get("d", "") for path in root.iter(f"{SVG}path")) >= 6
    assert QSvgRenderer(data).isValid()


def test_svg_has_no_line_where_portals_stand_for_an_edge(tmp_path: Path) -> None:
    script = Script()
    script.cell("c1", 1)
    w = x = script.leaf(True, 0.25, 3)
    for _ in range(30):
        x = script.op("mul", x, w)
    script.end_cell(w=w)
    root = ElementTree.fromstring(write(script.tape(), tmp_path / "g.svg"))
    assert all(path.get("d") for path in root.iter(f"{SVG}path"))


def test_json_reads_back_as_the_graph(tape: Tape, tmp_path: Path) -> None:
    data = json.loads(write(tape, tmp_path / "g.json"))
    graph = nx.node_link_graph(data, edges="edges")
    kinds = [kind for _, kind in graph.nodes(data="kind")]
    assert sorted(set(kinds)) == ["accumulate", "grad_fn", "leaf", "op"]
    assert {role for _, _, role in graph.edges(data="role")} == {"data", "grad", "tie"}
    (mul,) = (d for _, d in graph.nodes(data=True) if d["title"] == "mul")
    assert mul["shape"] == [3] and mul["dtype"] == "float32" and mul["requires_grad"] is True
    assert graph.nodes[mul["twin"]]["title"] == "MulBackward0"


def test_graphml_reads_back_as_the_graph(tape: Tape, tmp_path: Path) -> None:
    write(tape, tmp_path / "g.graphml")
    graph = nx.read_graphml(tmp_path / "g.graphml", force_multigraph=True)
    expected = json.loads(write(tape, tmp_path / "g.json"))
    assert len(graph) == len(expected["nodes"])
    assert graph.number_of_edges() == len(expected["edges"])
    assert {d["title"] for _, d in graph.nodes(data=True)} >= {"w", "mul", "MulBackward0"}


def test_dot_names_every_node_and_edge(tape: Tape, tmp_path: Path) -> None:
    text = write(tape, tmp_path / "g.dot").decode()
    expected = json.loads(write(tape, tmp_path / "g.json"))
    assert text.startswith("digraph ") and text.endswith("}\n")
    assert text.count(" -> ") == len(expected["edges"])
    for node in expected["nodes"]:
        assert f'"{node["id"]}" [label="{node["title"]}' in text


def test_quotes_in_names_are_escaped_in_dot(tmp_path: Path) -> None:
    script = Script()
    script.cell("c", 1)
    w = script.leaf(True)
    y = script.op("neg", w)
    script.end_cell(**{'d["a\\b"]': w, "y": y})
    text = write(script.tape(), tmp_path / "g.dot").decode()
    assert r'label="d[\"a\\b\"]' in text


def test_the_last_graph_is_written_unless_another_is_named(tmp_path: Path) -> None:
    tape = lesson(runs=3)
    last = write(tape, tmp_path / "last.json")
    assert json.loads(last)["graph"]["number"] == 3
    assert write(tape, tmp_path / "third.json", graph_number=3) == last
    first = json.loads(write(tape, tmp_path / "first.json", graph_number=1))
    assert first["graph"]["number"] == 1


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        (
            "g.bmp",
            {},
            r"g\.bmp should end in one of \.png, \.svg, \.pdf, \.dot, .*\.gif, \.mp4",
        ),
        ("g", {}, "g should end in one of"),
        ("no/such/g.json", {}, "cannot write .*g.json: No such file or directory"),
        ("g.json", {"graph_number": 7}, "the tape has no graph 7, it has only graph 1"),
        ("g.png", {"scale": 0.0}, "a scale of 0 is not between"),
        ("g.png", {"scale": float("nan")}, "a scale of nan is not between"),
    ],
)
def test_refusals(
    tape: Tape, tmp_path: Path, name: str, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ExportError, match=sentence):
        export(tape, tmp_path / name, **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_tape_without_a_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="the tape holds no graph: nothing was recorded"):
        export(Script().tape(), tmp_path / "g.png")


def test_a_folder_in_the_way_is_refused_and_nothing_is_left(tape: Tape, tmp_path: Path) -> None:
    (tmp_path / "g.json").mkdir()
    (tmp_path / "g.json" / "precious").touch()
    with pytest.raises(ExportError, match="cannot write"):
        export(tape, tmp_path / "g.json")
    assert [path.name for path in tmp_path.iterdir()] == ["g.json"]


def test_a_failed_export_leaves_the_old_file_alone(tape: Tape, tmp_path: Path) -> None:
    target = tmp_path / "g.json"
    target.write_text("old")
    with pytest.raises(ExportError):
        export(tape, target, graph_number=99)
    assert target.read_text() == "old"


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".dot"])
def test_no_display_is_needed(tmp_path: Path, suffix: str) -> None:
    """In a process of its own, without a display and without a platform chosen for it."""
    code = (
        "import sys; from pathlib import Path; from tests.app.export.test_export import lesson\n"
        "from app.export import export; export(lesson(), Path(sys.argv[1]))"
    )
    if suffix == ".dot":  # data formats do not even load Qt
        code = (
            "import sys\n"
            "for name in ('PySide6', 'PySide6.QtCore', 'pyqtgraph'): sys.modules[name] = None\n"
            "from pathlib import Path; from tests.ui.graph.tapes import Script\n"
            "s = Script(); s.cell('c', 1); y = s.op('neg', s.leaf(True)); s.end_cell(y=y)\n"
            "from app.export import export; export(s.tape(), Path(sys.argv[1]))"
        )
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    root = Path(__file__).parents[3]
    target = tmp_path / f"g{suffix}"
    result = subprocess.run(
        [sys.executable, "-c", code, str(target)], cwd=root, env=environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert target.stat().st_size > 100
