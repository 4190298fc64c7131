"""The colours of the graph: contrast as WCAG 2.2 has it, and distance for the colour-blind.

Distances are Euclidean in Oklab times 100 (Ottosson, 2020); two patches of 2 can just be told apart
side by side. Dichromats are simulated as Machado, Oliveira and Fernandes (2009) do, in linear RGB
at full severity.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from ui import theme
from ui.graph.inks import Inks, Tint
from ui.graph.lens import CLASSES, Shade
from ui.graph.scene import Shape
from ui.graph.types import Role
from ui.theme import FAMILIES

pytestmark = pytest.mark.usefixtures("qapp")
Floats = NDArray[np.float64]

EYES: dict[str, Floats] = {
    "normal": np.eye(3),
    "protanopia": np.array([
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deuteranopia": np.array([
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
}  # fmt: skip
LMS = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip


def linear(colour: QColor | str) -> Floats:
    c = np.array(QColor(colour).getRgbF()[:3])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one: QColor | str, other: QColor | str) -> float:
    light = sorted(float(linear(c) @ (0.2126, 0.7152, 0.0722)) for c in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def seen(colour: QColor | str, eyes: str) -> Floats:
    """Return a colour in Oklab times 100, as such eyes see it."""
    rgb = np.clip(EYES[eyes] @ linear(colour), 0.0, 1.0)
    return 100.0 * (LAB @ np.cbrt(LMS @ rgb))


def distance(one: QColor | str, other: QColor | str, eyes: str) -> float:
    return float(np.linalg.norm(seen(one, eyes) - seen(other, eyes)))


def nearest(colours: dict[str, QColor], eyes: str) -> tuple[float, str, str]:
    pairs = itertools.combinations(colours, 2)
    return min((distance(colours[a], colours[b], eyes), a, b) for a, b in pairs)


@pytest.fixture(params=["dark", "light"])
def inks(request: pytest.FixtureRequest) -> Inks:
    return Inks(theme.load(request.param))


def solids(inks: Inks) -> dict[str, QColor]:
    """Return the fills from afar of what a graph's nodes are, visited or not."""
    found = {"visited": inks.card(Shape.OP, 0, Tint.LIT).solid}
    for shape in (Shape.LEAF, Shape.INPUT, Shape.GRAD_FN, Shape.ACCUMULATE):
        found[shape.name] = inks.card(shape, 0, Tint.PLAIN).solid
    return found


def families(inks: Inks) -> dict[str, QColor]:
    return {n: inks.card(Shape.OP, i, Tint.PLAIN).solid for i, n in enumerate(FAMILIES)}


@pytest.mark.parametrize("eyes", EYES)
def test_families_can_be_told_apart(inks: Inks, eyes: str) -> None:
    least = 10.0 if eyes == "normal" else 7.0
    stripes = {name: QColor(colour) for name, colour in inks.theme.families.items()}
    assert nearest(stripes, eyes) > (least, "", "")
    assert nearest(families(inks), eyes) > (0.9 * least, "", "")


@pytest.mark.parametrize("eyes", EYES)
def test_states_can_be_told_apart_and_the_trail_from_every_family(inks: Inks, eyes: str) -> None:
    assert nearest(solids(inks), eyes) > (7.0, "", "")
    visited = solids(inks)["visited"]
    closest = min((distance(visited, c, eyes), name) for name, c in families(inks).items())
    assert closest > (5.0, "")


@pytest.mark.parametrize("eyes", EYES)
def test_classes_can_be_told_apart(inks: Inks, eyes: str) -> None:
    classes = {name: inks.shade(Shade.CLASS + i) for i, name in enumerate(CLASSES)}
    assert nearest(classes, eyes) > (9.0, "", "")


@pytest.mark.parametrize("eyes", EYES)
def test_the_ramp_only_gets_stronger_and_each_step_shows(inks: Inks, eyes: str) -> None:
    ramp = [seen(inks.shade(Shade.RAMP + step), eyes) for step in range(Shade.STEPS)]
    light = np.diff([colour[0] for colour in ramp])
    assert (light > 1.2).all() if inks.theme.dark else (light < -1.2).all()
    assert (np.linalg.norm(np.diff(ramp, axis=0), axis=1) > 2.5).all()


def test_what_is_drawn_stands_out_from_the_canvas(inks: Inks) -> None:
    """WCAG 2.2, 1.4.11: graphical objects have a contrast of 3 to 1 with what is beside them."""
    drawn = {**solids(inks), **families(inks)}
    drawn |= {f"ramp {s}": inks.shade(Shade.RAMP + s) for s in range(Shade.STEPS)}
    drawn |= {name: inks.shade(Shade.CLASS + i) for i, name in enumerate(CLASSES)}
    drawn |= {f"edge {r.name}": inks.edge(r, Tint.PLAIN) for r in (Role.DATA, Role.GRAD)}
    drawn |= {"crossed": inks.edge(Role.GRAD, Tint.LIT), "fault": inks.shade(Shade.FAULT)}
    faint = {name: contrast(c, inks.canvas) for name, c in drawn.items()}
    assert min(faint.values()) >= 3.0, {n: round(c, 2) for n, c in faint.items() if c < 3.0}


def test_stripes_stand_out_from_their_cards(inks: Inks) -> None:
    card = inks.theme.card
    assert all(contrast(colour, card) >= 3.0 for colour in inks.theme.families.values())


@pytest.mark.parametrize("tint", [Tint.PLAIN, Tint.LIT])
@pytest.mark.parametrize("shape", Shape)
def test_words_can_be_read_on_every_card_in_every_shade(
    inks: Inks, shape: Shape, tint: Tint
) -> None:
    """WCAG 2.2, 1.4.3: text has a contrast of 4.5 to 1 with its ground."""
    for shade in range(Shade.CLASS + len(CLASSES)):
        ink = inks.card(shape, 0, tint, shade)
        for words in (ink.title, ink.detail, ink.name):
            assert contrast(words, ink.fill) >= 4.5, (shade, words.name(), ink.fill.name())
