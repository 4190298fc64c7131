"""A picture shows what the window shows: previews, tints at a playhead, lenses with legends."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage

from app.export import ExportError, export
from engine.tape.tape import Tape
from tests.app.drive import write_tape
from ui import theme
from ui.graph.inks import Inks
from ui.graph.legend import HEIGHT
from ui.graph.lens import Shade

PROGRAM = """\
w = torch.tensor([[1.0, -2.0], [3.0, 4.0]], requires_grad=True)
loss = (w * 2).exp().sum()
loss.backward()
"""
SVG = "{http://www.w3.org/2000/svg}"
pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    return Tape.open(write_tape(tmp_path / "w.tape", PROGRAM))


@pytest.fixture
def written(tape: Tape, tmp_path: Path) -> Callable[..., bytes]:
    def write(suffix: str, **look: object) -> bytes:
        export(tape, tmp_path / f"g{suffix}", **look)  # type: ignore[arg-type]
        return (tmp_path / f"g{suffix}").read_bytes()

    return write


def colours(png: bytes) -> set[int]:
    image = QImage.fromData(png).convertToFormat(QImage.Format.Format_RGB32)
    return set(np.unique(np.frombuffer(image.constBits(), np.uint32) | 0xFF000000).tolist())


def words(svg: bytes) -> set[str]:
    root = ElementTree.fromstring(svg)
    return {"".join(text.itertext()).strip() for text in root.iter(f"{SVG}text")}


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
@pytest.mark.parametrize("lens", ["operation", "value", "gradient", "time", "memory", "type"])
def test_every_look_gives_the_same_bytes_each_time(
    written: Callable[..., bytes], suffix: str, lens: str
) -> None:
    look = {"lens": lens, "flow": True, "theme": "light"}
    assert written(suffix, **look) == written(suffix, **look)


def test_arrays_are_drawn_as_on_the_cards_of_the_window(written: Callable[..., bytes]) -> None:
    dark = theme.load("dark")
    assert QColor(dark.accent).rgb() in colours(written(".png"))  # the largest element of w
    svg = ElementTree.fromstring(written(".svg"))
    assert len(list(svg.iter(f"{SVG}image"))) >= 5
    assert "1.0" in words(written(".svg"))  # what came in at the sum's node


def test_a_playhead_tints_and_one_outside_is_refused(
    tape: Tape, written: Callable[..., bytes]
) -> None:
    amber = QColor(theme.load("dark").visited_border).rgb()
    assert amber not in colours(written(".png", playhead=0))
    assert amber in colours(written(".png", playhead=len(tape.events)))
    with pytest.raises(ExportError, match=rf"the tape has {len(tape.events)} events, not 999"):
        written(".png", playhead=999)


def test_a_lens_colours_and_is_explained_below(written: Callable[..., bytes]) -> None:
    plain = QImage.fromData(written(".png", scale=2.0))
    data = written(".png", scale=2.0, lens="gradient")
    assert QImage.fromData(data).height() == plain.height() + 2 * HEIGHT
    inks = Inks(theme.load("dark"))
    ramp = {inks.shade(Shade.RAMP + step).rgb() for step in range(Shade.STEPS)}
    assert ramp <= colours(data) and not ramp <= colours(written(".png"))
    assert "Gradient norm" in words(written(".svg", lens="gradient"))
    both = words(written(".svg", lens="memory", flow=True))
    assert {"Gradient norm", "Bytes held"} <= both
    with pytest.raises(ExportError, match="cannot be coloured by taste, but by operation, value"):
        written(".png", lens="taste")


def test_the_command_line_takes_the_same_looks(
    tape: Tape, written: Callable[..., bytes], tmp_path: Path
) -> None:
    target = tmp_path / "c.svg"
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "export", tape.file, "--to", str(target),
         "--colour-by", "value", "--flow", "--playhead", str(len(tape.events)), "--theme", "light"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    look = {"lens": "value", "flow": True, "playhead": len(tape.events), "theme": "light"}
    assert target.read_bytes() == written(".svg", **look)
