"""Milliseconds per frame of the canvas, of pg.GraphItem and of an item per node, in one process.

    python -m tests.benchmarks.canvas [nodes ...]

1600 x 900 pixels, software raster, one core, antialiased; an item is a box with its title in it.
Pan and zoom at fit and, with heat maps on the cards, near; a replay step that recolours 1 % of the
nodes, and one that also shades nodes and crossed edges by their gradient. Each cell is the median
and, in brackets, the 95th percentile of the processor time of frames. Before that, in processes of
their own: the time from opening a tape to its first picture, and the memory that this needs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import networkx as nx
import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QApplication,
    QGraphicsLineItem,
    QGraphicsRectItem,
    QGraphicsScene,
    QGraphicsSimpleTextItem,
    QGraphicsView,
    QWidget,
)

from tests.benchmarks import first_picture
from tests.ui.graph.samples import ladder, place
from ui import theme
from ui.graph.camera import View
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes
from ui.graph.lens import Shade
from ui.graph.previews import preview_of
from ui.graph.types import CanvasState, Layout
from ui.graph.words import PAD_LEFT

SIZE = (1600, 900)
LIMIT, FRAMES = 3.0, 60  # seconds and frames for one cell
Frame = Callable[[int], None]


class Cell(NamedTuple):
    median: float
    worst: float  # 95th percentile

    def __str__(self) -> str:
        return f"{self.median:8.1f} ({self.worst:7.1f})"


def measure(frame: Frame, frames: int = FRAMES) -> Cell:
    """Return milliseconds of `frame(i)` in processor time; ends early after LIMIT seconds."""
    frame(0)
    times: list[float] = []
    while len(times) < frames and (sum(times) < LIMIT or len(times) < 3):
        begin = time.process_time()
        frame(len(times) + 1)
        times.append(time.process_time() - begin)
    return Cell(*(1000 * np.percentile(times, [50, 95])))


def states_of(layout: Layout) -> list[CanvasState]:
    """Return the states of a pass that visits a hundredth of the nodes with each step."""
    visited, states = np.zeros(len(layout.ids), np.bool_), []
    shown, none, ends = np.ones(len(visited), np.bool_), np.zeros(0, np.int32), layout.edge_ends
    some = len(visited) // 100
    for number in range(FRAMES + 1):
        visited[number * some : (number + 1) * some] = True
        lit = visited[ends[:, 0]] & visited[ends[:, 1]]
        states.append(CanvasState(shown, visited.copy(), lit, -1, none, {}))
    return states


def shaded(state: CanvasState) -> CanvasState:
    """Return a state in the shades of its gradients."""
    nodes, edges = (np.arange(len(a)) % Shade.STEPS for a in (state.visited, state.edge_lit))
    shades = np.where(state.visited, Shade.RAMP + nodes, Shade.NONE).astype(np.uint8)
    flows = np.where(state.edge_lit, Shade.RAMP + edges, Shade.OWN).astype(np.uint8)
    return replace(state, shades=shades, flows=flows)


def shown(widget: QWidget) -> None:
    """Show a widget and wait until it is painted when told to."""
    widget.show()
    while not (widget.windowHandle() and widget.windowHandle().isExposed()):
        QApplication.processEvents()


class Ours:
    name = "canvas"

    def __init__(self, graph: object, layout: Layout) -> None:
        self.layout = layout
        self.canvas = GraphCanvas(theme.load("dark"))
        self.canvas.resize(*SIZE)
        shown(self.canvas)
        self.canvas.set_graph(graph, layout)
        self.show()
        self.canvas.finish_painting()
        self.fitted = self.canvas.camera()
        self.states = states_of(layout)
        self.shaded = [shaded(state) for state in self.states]

    def show(self) -> None:
        self.canvas.viewport().repaint()

    def go(self, view: View) -> None:
        self.canvas.look(view)
        face = preview_of(np.random.default_rng(0).standard_normal((16, 16)))
        assert face is not None
        self.canvas.set_previews({node: replace(face) for node in self.layout.ids})
        self.canvas.finish_painting()
        self.show()

    def pan(self, number: int) -> None:
        self.canvas.pan(-9.0, -5.0)
        self.show()

    def zoom(self, number: int) -> None:
        factor = 1.03 if number % 40 < 20 else 1 / 1.03
        self.canvas.look(self.canvas.camera().zoomed(factor, *(side / 2 for side in SIZE)))
        self.show()

    def recolour(self, number: int) -> None:
        self.canvas.set_state(self.states[number])
        self.show()

    def gradient(self, number: int) -> None:
        self.canvas.set_state(self.shaded[number])
        self.show()

    def settle(self) -> None:
        self.canvas.finish_painting()

    def near(self) -> View:
        box = self.layout.boxes[len(self.layout.ids) // 2].tolist()
        return View(0.8, 0.0, 0.0).centred(box[0], box[1], *SIZE)


class Peer:
    """A plot that is panned and zoomed through its view box."""

    name = "pg.GraphItem"

    def __init__(self, graph: object, layout: Layout) -> None:
        self.plot = pg.GraphicsLayoutWidget()
        self.plot.setAntialiasing(True)
        self.plot.resize(*SIZE)
        self.box = self.plot.addViewBox(lockAspect=True, invertY=True, enableMenu=False)
        self.item = pg.GraphItem()
        self.box.addItem(self.item)
        self.middles = layout.boxes[:, :2] + layout.boxes[:, 2:] / 2
        self.ends = layout.edge_ends
        self.brushes = np.array([pg.mkBrush("#5b8def")] * len(self.middles), dtype=object)
        self.amber = pg.mkBrush("#f5a524")
        shown(self.plot)
        self._set()
        self.box.setRange(QRectF(*layout.bounds), padding=0.02)
        self.show()

    def _set(self) -> None:
        self.item.setData(
            pos=self.middles, adj=self.ends, symbol="s", size=40.0, pxMode=False,
            symbolBrush=self.brushes, symbolPen=None, pen=pg.mkPen("#4d566a"),
        )  # fmt: skip

    def show(self) -> None:
        self.plot.viewport().repaint()

    def pan(self, number: int) -> None:
        size = self.box.viewPixelSize()
        self.box.translateBy(x=9 * size[0], y=5 * size[1])
        self.show()

    def zoom(self, number: int) -> None:
        self.box.scaleBy((1 / 1.03,) * 2 if number % 40 < 20 else (1.03,) * 2)
        self.show()

    def settle(self) -> None:
        QApplication.processEvents()

    def recolour(self, number: int) -> None:
        some = len(self.brushes) // 100
        self.brushes[number * some : (number + 1) * some] = self.amber
        self._set()
        self.show()


class Items:
    """QGraphicsView with an item per node, which has its title in it, and per edge."""

    name = "item per node"

    def __init__(self, graph: nx.MultiDiGraph, layout: Layout) -> None:
        self.scene = QGraphicsScene()
        self.view = QGraphicsView(self.scene)
        self.view.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.view.resize(*SIZE)
        shown(self.view)
        pen, brush = QPen(QColor("#4d566a")), QColor("#5b8def")
        middles = (layout.boxes[:, :2] + layout.boxes[:, 2:] / 2).astype(float)
        for line in middles[layout.edge_ends].reshape(-1, 4).tolist():
            edge = QGraphicsLineItem(QLineF(*line))
            edge.setPen(pen)
            self.scene.addItem(edge)
        self.nodes = [QGraphicsRectItem(QRectF(*box)) for box in layout.boxes.tolist()]
        for node, key in zip(self.nodes, layout.ids, strict=True):
            node.setBrush(brush)
            title = QGraphicsSimpleTextItem(graph.nodes[key]["title"], node)
            title.setPos(node.rect().topLeft() + QPointF(PAD_LEFT, 6.0))
            self.scene.addItem(node)
        self.view.fitInView(QRectF(*layout.bounds), Qt.AspectRatioMode.KeepAspectRatio)
        self.view.scale(1.15, 1.15)  # room for the scroll bars to pan
        self.show()

    def show(self) -> None:
        self.view.viewport().repaint()

    def pan(self, number: int) -> None:
        for bar, step in (
            (self.view.horizontalScrollBar(), 9),
            (self.view.verticalScrollBar(), 5),
        ):
            bar.setValue(bar.value() + (step if number % 2 else -step))
        self.view.viewport().update()
        self.show()

    def zoom(self, number: int) -> None:
        factor = 1.03 if number % 40 < 20 else 1 / 1.03
        self.view.scale(factor, factor)
        self.show()

    def settle(self) -> None:
        QApplication.processEvents()

    def recolour(self, number: int) -> None:
        some = len(self.nodes) // 100
        for node in self.nodes[number * some : (number + 1) * some]:
            node.setBrush(QColor("#f5a524"))
        self.show()


def cells_of(view: Ours | Peer | Items) -> list[Cell]:
    cells = []
    frames = [view.pan, view.zoom, view.recolour]
    if isinstance(view, Ours):
        frames.append(view.gradient)
    for frame in frames:
        view.settle()
        cells.append(measure(frame))
    return cells


def run(count: int) -> None:
    graph = ladder(count // 4)
    nx.set_node_attributes(graph, (16, 16), "shape")  # cards keep room for a heat map
    columns = max(round((len(graph) / 4 * 90 * 9 / 16 / 1000) ** 0.5), 1)
    layout = place(graph, card_sizes(graph), columns)
    print(f"\n{len(graph):,} nodes, {len(layout.edge_ends):,} edges")
    print(f"{'':16}" + "".join(f"{c:>19}" for c in ("pan", "zoom", "recolour 1 %", "by gradient")))
    baseline: list[Cell] = []
    for kind in (Ours, Peer, Items):
        view = kind(graph, layout)
        cells = cells_of(view)
        print(f"{kind.name:16}  " + " ".join(map(str, cells)), flush=True)
        if isinstance(view, Ours):
            baseline = cells
            view.go(view.near())
            near = cells_of(view)
            print(f"{'  near':16}  " + " ".join(map(str, near)))
            QApplication.processEvents()
        else:
            ratios = (a.median / b.median for a, b in zip(cells, baseline, strict=False))
            print(
                f"{'  times ours':16}  " + " ".join(f"{ratio:8.0f}          " for ratio in ratios)
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.canvas")
    parser.add_argument("nodes", nargs="*", type=int, default=[1_000, 10_000, 100_000])
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert application is not None
    print("First picture of a tape, in processes of their own")
    for count in options.nodes:
        print(f"{count:9,} nodes: {first_picture.measured(count)}", flush=True)
    for count in options.nodes:
        run(count)


if __name__ == "__main__":
    main()
