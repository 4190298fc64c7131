"""Walking a graph with the arrow keys: which node lies that way."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ui.graph.scene import Scene
from ui.graph.types import Role

Floats = NDArray[np.float64]


class Way(Enum):
    UP = (0, -1)
    DOWN = (0, 1)
    LEFT = (-1, 0)
    RIGHT = (1, 0)


_BACK = {Way.UP: Way.DOWN, Way.DOWN: Way.UP, Way.LEFT: Way.RIGHT, Way.RIGHT: Way.LEFT}


class Walker:
    """Steps from node to node; a step back leads to where the last one came from."""

    def __init__(self) -> None:
        self._last: tuple[Scene, int, int, Way] | None = None

    def step(self, scene: Scene, node: int, way: Way) -> int:
        """Return the node that a step from `node` reaches, or `node` itself where none does."""
        last, goal = self._last, node
        if last is not None and last[0] is scene and last[2] == node and _BACK[last[3]] == way:
            goal = last[1]
        else:
            goal = step(scene, node, way)
        self._last = (scene, node, goal, way)
        return goal


def step(scene: Scene, node: int, way: Way) -> int:
    """Return the node that a step from `node` reaches, or `node` itself at the end of the way.

    Up and down follow edges to inputs and outputs, the straightest first, and along a spine
    rather than across its ties. Left and right go to the nearest node in the same row. In a graph
    that runs from left to right these change places.
    """
    across, along = way.value[::-1] if scene.sideways else way.value
    middles = _middles(scene)
    if scene.sideways:
        middles = middles[:, ::-1]
    if along:
        return _along_edges(scene, middles, node, along)
    return _within_row(middles, node, across)


def nearest(scene: Scene, x: float, y: float) -> int:
    """Return the node whose middle is nearest to a scene point, or -1 in an empty graph."""
    if not len(scene):
        return -1
    middles = _middles(scene)
    return int(np.argmin(np.hypot(*(middles - (x, y)).T)))


def _along_edges(scene: Scene, middles: Floats, node: int, sign: int) -> int:
    slots = slice(scene.offsets[node], scene.offsets[node + 1])
    targets, via = scene.targets[slots], scene.via[slots]
    cards = targets < len(scene)  # badges of portals are no stops; their edges are ways
    targets, via = targets[cards], via[cards]
    away = (middles[targets] - middles[node]) * (1, sign)
    there = away[:, 1] > 1.0
    if not there.any():
        return node
    ties = scene.roles[via] == Role.TIE
    cost = np.abs(away[:, 0]) + 0.3 * away[:, 1] + np.where(ties, 1e6, 0.0)
    return int(targets[there][np.argmin(cost[there])])


def _within_row(middles: Floats, node: int, sign: int) -> int:
    away = (middles - middles[node]) * (sign, 1)
    # Beside means more across than up or down.
    beside = (away[:, 0] > 1.0) & (np.abs(away[:, 1]) <= np.maximum(away[:, 0] * 0.6, 40.0))
    beside[node] = False
    if not beside.any():
        return node
    cost = np.where(beside, away[:, 0] + 2.5 * np.abs(away[:, 1]), np.inf)
    return int(np.argmin(cost))


def _middles(scene: Scene) -> NDArray[np.float64]:
    """Return the middles of the nodes, (n, 2)."""
    boxes = scene.boxes[: len(scene)]
    return np.asarray(boxes[:, :2] + boxes[:, 2:] / 2)
