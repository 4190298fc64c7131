"""The colours of the canvas: what the theme's tokens become for each shape, tint and zoom."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from ui.graph.lens import Shade
from ui.graph.scene import Scene, Shape, is_pill
from ui.graph.types import CanvasState, Role
from ui.theme import FAMILIES, Theme

#: Fill at a distance: shapes grow into solid colour between these scales.
MELT_FROM, MELT_TO = 0.32, 0.22


#: A group that is visited whole has a wave of so much.
WAVE = 240


class Tint(IntEnum):
    """What the playhead does to the look of a node or an edge."""

    PLAIN = 0
    LIT = 1  # visited node, crossed edge
    GHOST = 2  # does not exist yet


class Tints(NamedTuple):
    """Tint of every node (n,) and edge (m,), the node with the halo (or -1), the shades of nodes
    and of crossed edges (see `Shade`), and how far the pass has come through folded groups, in
    parts of WAVE."""

    nodes: NDArray[np.uint8]
    edges: NDArray[np.uint8]
    active: int
    shades: NDArray[np.uint8]
    flows: NDArray[np.uint8]
    waves: NDArray[np.uint8]


def tints_of(scene: Scene, state: CanvasState | None) -> Tints:
    """Return the tints of a state; without one everything is plain."""
    nodes = np.zeros(len(scene.cards), np.uint8)
    edges = np.zeros(len(scene.ends), np.uint8)
    shades, flows = np.zeros_like(nodes), np.zeros_like(edges)
    if state is None:
        return Tints(nodes, edges, -1, shades, flows, np.zeros_like(nodes))
    n, m = len(scene), scene.n_edges
    ends = scene.ends[:m]
    nodes[:n][state.visited] = Tint.LIT
    edges[:m][state.edge_lit] = Tint.LIT
    if not state.shown.all():
        nodes[:n][~state.shown] = Tint.GHOST
        edges[:m][~(state.shown[ends[:, 0]] & state.shown[ends[:, 1]])] = Tint.GHOST
    nodes[n:] = edges[m:] = _badge_tints(scene, edges)
    if 0 <= state.active < len(nodes) and nodes[state.active] == Tint.LIT:
        nodes[state.active] = Tint.PLAIN  # its halo says more than the trail's fill
    if state.shades is not None:
        shades[:n] = state.shades
        shades[n:] = Shade.NONE  # a badge has no number of its own, and no colour that seems one
    if state.flows is not None:
        flows[:m] = state.flows
        flows[m:] = _badge_flows(scene, flows)
    waves = np.zeros_like(nodes)
    if state.progress is not None:
        waves[:n] = np.ceil(state.progress * WAVE)
    return Tints(nodes, edges, state.active, shades, flows, waves)


def _badge_tints(scene: Scene, edges: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A badge is lit when one of its edges is, and a ghost while all of them are."""
    badges = scene.badges
    if not len(badges):
        return np.zeros(0, np.uint8)
    tints, starts = edges[badges.edges], badges.edge_starts[:-1]
    lit = np.logical_or.reduceat(tints == Tint.LIT, starts)
    ghost = np.logical_and.reduceat(tints == Tint.GHOST, starts)
    return np.where(lit, Tint.LIT, np.where(ghost, Tint.GHOST, Tint.PLAIN)).astype(np.uint8)


def _badge_flows(scene: Scene, flows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The stub of a badge is as strong as the strongest of its edges."""
    badges = scene.badges
    if not len(badges):
        return np.zeros(0, np.uint8)
    return np.maximum.reduceat(flows[badges.edges], badges.edge_starts[:-1])


class CardInk(NamedTuple):
    fill: QColor
    border: QColor
    stripe: QColor | None
    title: QColor
    detail: QColor
    name: QColor  # of the variable that an operation's result is bound to
    solid: QColor  # the fill from afar
    opacity: float
    border_width: float


def mix(a: QColor, b: QColor, share: float) -> QColor:
    """Return the colour that lies `share` (0..1) of the way from a to b."""
    pairs = (
        (a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()), (a.alpha(), b.alpha()),
    )  # fmt: skip
    return QColor(*(round(x + (y - x) * share) for x, y in pairs))


def faded(colour: QColor, alpha: float) -> QColor:
    result = QColor(colour)
    result.setAlphaF(alpha * colour.alphaF())
    return result


class Inks:
    """The colours of one theme, worked out once."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.canvas = QColor(theme.canvas)
        self.grid = QColor(theme.canvas_grid)
        self.text = QColor(theme.text)
        self.text_dim = QColor(theme.text_dim)
        self.text_faint = QColor(theme.text_faint)
        self.active = QColor(theme.active)
        self.focus = QColor(theme.focus)
        self.accent = QColor(theme.accent)
        self.error = QColor(theme.error)
        self.accent_text = QColor(theme.accent_text)
        self.noted = mix(self.accent, self.text, 0.35)  # a card's detail that says what differs
        self.families = [QColor(theme.families[name]) for name in FAMILIES]
        self.wave = mix(self.canvas, QColor(theme.visited_border), 0.78)
        self.card = lru_cache(maxsize=None)(self._card)
        self.edge = lru_cache(maxsize=None)(self._edge)
        self.shade = lru_cache(maxsize=None)(self._shade)

    def _card(self, shape: Shape, family: int, tint: Tint, shade: int = Shade.OWN) -> CardInk:
        theme = self.theme
        fill, border, stripe, title, solid = self._plain(shape, family)
        if shade != Shade.OWN:
            fill, border, stripe, title, solid = self._shaded(shape, shade)
        detail = QColor(theme.card_detail)
        if shade != Shade.OWN or shape in (Shape.LEAF, Shape.INPUT):
            detail = mix(detail, title, 0.25)
        width = 1.0
        if tint == Tint.LIT:
            lit = QColor(theme.visited_border)
            pill = is_pill(shape)
            if shade == Shade.OWN:
                fill = mix(fill, lit, 0.22) if pill else QColor(theme.visited_fill)
                solid = mix(self.canvas, lit, 0.95)
            border, width = lit, 1.6
            detail = mix(detail, title, 0.25)
        opacity = 1.0
        if tint == Tint.GHOST:
            opacity = 0.22 if theme.dark else 0.3
            solid = mix(self.canvas, solid, 0.28)
        name = mix(QColor(theme.text), QColor(theme.accent), 0.55)
        return CardInk(fill, border, stripe, title, detail, name, solid, opacity, width)

    def _plain(
        self, shape: Shape, family: int
    ) -> tuple[QColor, QColor, QColor | None, QColor, QColor]:
        """Return fill, border, stripe, title and solid fill."""
        theme = self.theme
        title = QColor(theme.card_title)
        if shape == Shape.LEAF:
            border = QColor(theme.leaf_border)
            return QColor(theme.leaf_fill), border, None, title, border
        if shape == Shape.INPUT:
            border = QColor(theme.input_border)
            return QColor(theme.input_fill), border, None, title, border
        if shape in (Shape.PORTAL, Shape.GRAD_PORTAL):
            line = QColor(theme.edge if shape == Shape.PORTAL else theme.grad_edge)
            words = mix(QColor(theme.card_title), line, 0.2)
            return mix(self.canvas, line, 0.1), line, None, words, mix(self.canvas, line, 0.6)
        if shape == Shape.GROUP:
            border = mix(QColor(theme.card_border), self.focus, 0.4)
            fill = mix(QColor(theme.card), self.focus, 0.07)
            return fill, border, None, title, mix(self.canvas, self.focus, 0.42)
        if shape == Shape.OP:
            stripe = self.families[family]
            fill, border = QColor(theme.card), QColor(theme.card_border)
            return fill, border, stripe, title, mix(self.canvas, stripe, 0.97)
        stripe = QColor(theme.grad_stripe)
        if shape == Shape.ACCUMULATE:
            stripe = mix(stripe, QColor(theme.grad_title), 0.55)
        fill, border = QColor(theme.grad_fill), QColor(theme.grad_border)
        share = 0.9 if shape == Shape.ACCUMULATE else 0.6 if theme.dark else 0.8
        return fill, border, stripe, QColor(theme.grad_title), mix(self.canvas, stripe, share)

    def _shaded(
        self, shape: Shape, shade: int
    ) -> tuple[QColor, QColor, QColor | None, QColor, QColor]:
        """Return the colours of `_plain` for a card that a lens looks at."""
        colour, card = self.shade(shade), QColor(self.theme.card)
        if shade == Shade.NONE:
            colour = mix(self.canvas, QColor(self.theme.edge), 0.45)
            fill, border = mix(card, self.canvas, 0.5), QColor(self.theme.card_border)
        else:
            fill, border = mix(card, colour, 0.16), mix(card, colour, 0.75)
        stripe = None if is_pill(shape) else colour
        return fill, border, stripe, QColor(self.theme.card_title), mix(self.canvas, colour, 0.97)

    def _shade(self, shade: int) -> QColor:
        """Return the colour of a shade that stands for a number or a class."""
        if shade >= Shade.CLASS:
            return QColor(self.theme.classes[shade - Shade.CLASS])
        if shade >= Shade.RAMP:
            ramp = self.theme.ramp
            place = (shade - Shade.RAMP) / (Shade.STEPS - 1) * (len(ramp) - 1)
            low = min(int(place), len(ramp) - 2)
            return mix(QColor(ramp[low]), QColor(ramp[low + 1]), place - low)
        if shade == Shade.FAULT:
            return QColor(self.theme.error)
        return QColor(self.theme.text_faint if shade == Shade.ZERO else self.theme.edge)

    def _edge(self, role: Role, tint: Tint, flow: int = Shade.OWN) -> QColor:
        theme = self.theme
        if flow != Shade.OWN:
            return self.shade(flow)
        if tint == Tint.LIT:
            return QColor(theme.visited_edge)
        colour = QColor({Role.DATA: theme.edge, Role.GRAD: theme.grad_edge}.get(role, theme.tie))
        return mix(self.canvas, colour, 0.3) if tint == Tint.GHOST else colour


def melted(scale: float) -> float:
    """Return how far (0..1) cards have become solid fills at a scale, in sixteenths."""
    share = (MELT_FROM - scale) / (MELT_FROM - MELT_TO)
    return round(min(max(share, 0.0), 1.0) * 16) / 16
