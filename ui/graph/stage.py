"""The picture over time: tiles of the present state, the step that is animated, the next layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PySide6.QtCore import QEasingCurve, QObject, QRectF, QTimer, Signal
from PySide6.QtGui import QPainter

from ui.graph.camera import View
from ui.graph.cards import CardPainter
from ui.graph.crossfade import Crossfade
from ui.graph.inks import Inks, tints_of
from ui.graph.morph import MOST, Morph
from ui.graph.motion import GLIDE, Tween
from ui.graph.overlay import (
    paint_badges,
    paint_comets,
    paint_halo,
    paint_ripples,
    paint_uncrossed,
)
from ui.graph.paint import Picture, paint_scene
from ui.graph.previews import Preview
from ui.graph.scene import Indices, Scene
from ui.graph.tiles import Tiles
from ui.graph.types import CanvasState, NodeId
from ui.theme import Theme

#: While the scale changes, so many cards are painted anew in each frame; more are stretched tiles.
DIRECT = 14
BUDGET = 0.008  # seconds of a frame for new tiles; the first is painted in any case
TRAVEL, RISE = 0.75, 0.6  # of a step's time: comets arrive, badges begin to rise

Size = tuple[float, float]


class Stage(QObject):
    """Paints a scene in a state; says through `changed` when it should be painted again."""

    changed = Signal()

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.inks = Inks(theme)
        self.picture: Picture | None = None
        self.state: CanvasState | None = None
        self._cards = CardPainter()
        self._note: Callable[[NodeId], str] | None = None
        self._tiles = Tiles()
        self._complete = self._prepared = False
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.timeout.connect(self._go_on)
        self._pulse = 1.0
        self._pulsing = Tween(self, self._pulsed, QEasingCurve.Type.Linear)
        self._morph: Morph | None = None
        self._fade: Crossfade | None = None
        self._morphed = 1.0
        self._morphing = Tween(self, self._moved)

    @property
    def scene(self) -> Scene | None:
        return None if self.picture is None else self.picture.scene

    @property
    def active(self) -> int:
        """The node with the halo, or -1."""
        return -1 if self.picture is None else self.picture.tints.active

    @property
    def running(self) -> bool:
        return self._pulsing.running or not self.settled

    @property
    def settled(self) -> bool:
        """Whether the cards are where they belong, not on their way from another layout."""
        return self._morph is None and self._fade is None

    @property
    def arriving(self) -> bool:
        """Whether cards are on their way, and nearer to where they belong than to the start."""
        return self.settled or self._morphed > 0.5

    @property
    def pending(self) -> bool:
        """Whether the last frame had no time for some of its tiles."""
        return self.picture is not None and not self._complete

    def set_theme(self, theme: Theme) -> None:
        self.inks = Inks(theme)
        if self.picture is not None:
            self._afresh(self.picture._replace(inks=self.inks))
        self.changed.emit()

    def show(
        self, scene: Scene | None, glide: bool = False, shift: tuple[float, float] = (0.0, 0.0)
    ) -> bool:
        """Show a scene in a plain state; `glide` there from the old one if that is possible.

        Returns whether cards will glide.
        """
        old, self.state = self.scene, None
        self._end_step()
        self._set_out(old, scene, glide, shift)
        if scene is None:
            self.picture = None
            self._tiles.show(None)
        else:
            tints = tints_of(scene, None)
            self._afresh(Picture(scene, tints, self.inks, self._cards, note=self._note))
        if self._morph is not None:
            self._morphing.run(GLIDE)
        self.changed.emit()
        return not self.settled

    def move(self, scene: Scene, glide: bool = False) -> None:
        """Show the same nodes and edges at other places, in the same state."""
        if self.picture is None:
            return
        self._set_out(self.picture.scene, scene, glide, (0.0, 0.0))
        self.picture = self.picture._replace(scene=scene)
        self._prepared = False
        self._tiles.alter(self.picture)
        if self._morph is not None:
            self._morphing.run(GLIDE)
        self.changed.emit()

    def set_state(self, state: CanvasState | None) -> None:
        """Tint the scene. Raises ValueError if the state is of another one."""
        if self.picture is None:
            return
        scene = self.picture.scene
        if state is not None and (
            len(state.shown) != len(scene) or len(state.edge_lit) != scene.n_edges
        ):
            raise ValueError(
                f"a state of {len(state.shown)} nodes and {len(state.edge_lit)} edges does not fit "
                f"the graph shown, which has {len(scene)} and {scene.n_edges}"
            )
        self._end_step()
        self.state = state
        self.picture = self.picture._replace(tints=tints_of(scene, state))
        self._tiles.recolour(self.picture)
        self._prepared = False
        self.changed.emit()

    def set_previews(self, previews: Mapping[int, Preview]) -> None:
        """Show these arrays on their cards, and none on others."""
        if self.picture is not None:
            self.picture = self.picture._replace(previews=previews)
            if self._tiles.recolour(self.picture):
                self._prepared = False
                self.changed.emit()

    def set_notes(self, note: Callable[[NodeId], str] | None) -> None:
        """Let cards say something else than their detail; None: nothing else."""
        if note is not self._note:
            self._note = note
            if self.picture is not None:
                self.picture = self.picture._replace(note=note)
                self._tiles.reword(self.picture)
            self.changed.emit()

    def animate_step(self, milliseconds: int) -> None:
        """Let the state's cotangents travel and its badges rise."""
        if self.state is not None and (len(self.state.pulses) or self.state.badges):
            self._pulsing.run(milliseconds)

    def stand(self, t: float) -> None:
        """Stand at t in 0..1 of the state's step, without letting it run: for films."""
        self._pulsing.stop()
        self._pulse = t

    def finish(self, view: View, size: Size) -> None:
        """End all motion and paint every tile that the view needs."""
        self._pulsing.finish()
        self._morphing.finish()
        self._fade = None
        self._tiles.complete(view, size)

    # Painting: from below to above

    def paint(self, painter: QPainter, view: View, size: Size, moving: bool) -> None:
        """Paint the picture; `moving`: the scale is changing."""
        assert self.picture is not None
        area = view.seen(*size)
        if self._morph is not None:
            self._morph.paint(painter, self.picture, view, area, self._morphed)
        elif self._fade is not None:
            self._paint_fade(self._fade, painter, view, size)
        elif moving and self.picture.scene.has_few(area, DIRECT):
            paint_scene(painter, self.picture, view, area)
        else:
            self._complete = self._tiles.paint(painter, view, size, moving, BUDGET)
            if not self._complete or not self._prepared:
                self._more.start(0)
        if self.state is not None and self._pulse < 1.0:
            paint_uncrossed(painter, self.picture, view, self._pulses(self.state))

    def paint_active(self, painter: QPainter, view: View) -> None:
        """Paint the halo; it breathes once in an animated step."""
        if self.picture is None or self.active < 0:
            return
        if self.picture.scene.is_drawn(self.active):
            swell = 4.0 * self._pulse * (1.0 - self._pulse)
            paint_halo(painter, self.picture, view, self.active, swell)

    def paint_step(
        self, painter: QPainter, view: View, size: Size, words: Sequence[QRectF] = ()
    ) -> None:
        """Paint comets and badges; words: what the badges shall not hide."""
        if self.picture is None or self.state is None:
            return
        if self._pulse < 1.0:
            travelled = _eased(self._pulse / TRAVEL)
            paint_comets(painter, self.picture, view, self._pulses(self.state), travelled)
            ripple = (self._pulse - RISE) / (1.0 - RISE)
            if ripple > 0.0:
                paint_ripples(painter, self.picture, view, self.state.badges, ripple)
        risen = _eased((self._pulse - RISE) / (1.0 - RISE))
        drawn = self.picture.scene.is_drawn
        badges = {node: text for node, text in self.state.badges.items() if drawn(node)}
        paint_badges(painter, self.picture, view, size, badges, risen, words)

    # Within

    def _pulses(self, state: CanvasState) -> Indices:
        """Return the lines on which the active step moves a cotangent."""
        assert self.picture is not None
        return self.picture.scene.drawn(state.pulses.astype(np.intp))

    def _set_out(
        self, old: Scene | None, new: Scene | None, glide: bool, shift: tuple[float, float]
    ) -> None:
        """Begin the way from one scene to another, or end one without any.

        A picture that nobody has seen yet is no place to set out from.
        """
        seen = self._tiles.has_any and (self._fade is None or self._morphing.running)
        self._morphing.stop()
        self._morph = self._fade = None
        morph = Morph.between(old, new, shift) if glide and old and new else None
        if morph is None or old is None or new is None:
            return
        large = max(len(old), len(new)) > MOST
        if large and not seen:
            return
        self._morphed = 0.0
        if large:
            self._fade = Crossfade(morph, old, new, self._tiles.kept(), shift)
        else:
            self._morph = morph

    def _paint_fade(self, fade: Crossfade, painter: QPainter, view: View, size: Size) -> None:
        """Paint pictures that fade over, once there is all that it takes."""
        assert self.picture is not None
        if not self._morphing.running:
            self._complete = self._tiles.make_ready(view, size, BUDGET)
            if self._complete:
                self._morphing.run(GLIDE)
            else:
                self._more.start(0)
        fade.paint(painter, self.picture, self._tiles, view, size, self._morphed)

    def _afresh(self, picture: Picture) -> None:
        self.picture = picture
        self._prepared = False
        self._tiles.show(picture)

    def _end_step(self) -> None:
        self._pulsing.stop()
        self._pulse = 1.0

    def _pulsed(self, t: float) -> None:
        self._pulse = t
        self.changed.emit()

    def _moved(self, t: float) -> None:
        self._morphed = t
        if t >= 1.0:
            self._morph = self._fade = None
        self.changed.emit()

    def _go_on(self) -> None:
        """Paint what a frame had no time for, then what zooming out will need."""
        if not self._complete:
            self.changed.emit()
        elif self.picture is not None and self._tiles.prepare():
            self._more.start(0)
        else:
            self._prepared = True


def _eased(t: float) -> float:
    t = min(max(t, 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)
