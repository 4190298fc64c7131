"""From one layout to the next: what folds does not flash."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from tests.ui.graph.test_groups import net_tape, whole
from tests.ui.graph.test_paint import SIZE, Pixels, pixels, rgb
from ui import theme
from ui.graph import still
from ui.graph.camera import fitted
from ui.graph.cards import card_sizes
from ui.graph.folding import fold
from ui.graph.groups import By, group_by
from ui.graph.layout import lay_out
from ui.graph.morph import Morph
from ui.graph.scene import Scene
from ui.graph.types import NodeId

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_card_of_a_group_that_folds_fades_in_as_it_comes_from_its_frame(name: str) -> None:
    tape = net_tape(3)
    graph = whole(tape)
    groups = group_by(tape, graph, By.MODULE)
    colours, nothing = theme.load(name), frozenset[NodeId]()
    open_, folded = (fold(graph, groups, which) for which in (nothing, groups.deeper(0)))
    before, after = (
        lay_out(one.graph, card_sizes(one.graph), nest=one.nest) for one in (open_, folded)
    )
    old, picture = (
        Scene.build(open_.graph, before), still.picture_of(folded.graph, after, colours)
    )  # fmt: skip
    morph = Morph.between(old, picture.scene)
    assert morph is not None
    view = fitted(old.bounds, *SIZE)

    def at(t: float) -> Pixels:
        image = QImage(*SIZE, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        morph.paint(painter, picture, view, view.seen(*SIZE), t)
        painter.end()
        return pixels(image)

    ground = np.array(rgb(colours.canvas))
    stain = [np.abs(at(t) - ground).max(-1) for t in (0.05, 1.0)]
    assert np.quantile(stain[0], 0.9) < 4
    assert stain[1].max() > 30
