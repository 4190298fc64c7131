"""The backward replay of a graph as a film: .gif, .mp4 or .webm."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.export.data import Graph
from app.export.errors import ExportError
from app.export.groups import GroupOptions, arranged, laid_out
from engine.tape.tape import Tape
from ui import theme as themes
from ui.graph.model import GraphInfo

FILMS = (".gif", ".mp4", ".webm")
SMALLEST, LARGEST = 128, 3840  # pixels of a side
SAMPLES = 12  # frames that a palette is chosen from
Pixels: TypeAlias = NDArray[np.uint8]
FASTEST = {".gif": 50.0, ".mp4": 60.0, ".webm": 60.0}  # frames per second


class Encoder(AbstractContextManager["Encoder"], Protocol):
    """Writes frames to a file; leaving it early, by an exception, ends what it started."""

    def __init__(
        self, target: Path, size: tuple[int, int], fps: float, samples: Iterable[Pixels]
    ) -> None: ...

    def add(self, pixels: Pixels, count: int) -> None:
        """Add `count` frames that look alike."""


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """fps: frames per second; size: width and height in pixels; speed: steps per second.

    Steps that would take more than a minute are played faster, so that a film never has more than
    about `62 * fps` frames.
    """

    fps: float = 25.0
    size: tuple[int, int] = (1280, 720)
    speed: float = 4.0

    def check(self, suffix: str) -> None:
        """Raise ExportError unless a film of that format can be like that."""
        if not 1.0 <= self.fps <= FASTEST[suffix]:
            raise ExportError(f"{self.fps:g} frames per second are not 1 to {FASTEST[suffix]:g}")
        if not all(SMALLEST <= side <= LARGEST and side % 2 == 0 for side in self.size):
            width, height = self.size
            raise ExportError(
                f"a film of {width}x{height} pixels cannot be written: "
                f"each side should be an even number from {SMALLEST} to {LARGEST}"
            )
        if not (math.isfinite(self.speed) and self.speed > 0.0):
            raise ExportError(f"a speed of {self.speed:g} steps per second is not positive")


def write_film(
    tape: Tape, graph: Graph, info: GraphInfo, target: Path, suffix: str, theme: str,
    options: FilmOptions, groups: GroupOptions, progress: Callable[[int, int, str], object],
) -> None:  # fmt: skip
    """Write the graph's backward passes to `target`, step by step; raises ExportError.

    Frames are drawn and encoded one after another: memory does not grow with their number.
    """
    options.check(suffix)
    if not info.passes:
        raise ExportError(f"{info.title} has no backward pass: there is nothing to replay")
    Writer = encoder(suffix)

    from ui.graph import still
    from ui.graph.cut import cut, step_stops
    from ui.graph.film import Film

    still.ensure_application()
    shown = arranged(tape, graph, info, groups).shown
    layout = laid_out(shown, groups)
    film = Film(tape, shown.graph, layout, themes.load(theme), options.size, info.title)
    plan = cut(step_stops(tape, info.passes), options.fps, options.speed)
    done = 0
    samples = (shot.pixels for shot in film.shots(plan.sampled(SAMPLES)))
    with Writer(target, options.size, options.fps, samples) as writer:
        for shot in film.shots(plan):
            writer.add(*shot)
            done += shot.frames
            progress(done, len(plan), "frames")


def encoder(suffix: str) -> type[Encoder]:
    """Return what writes such a film; raises ExportError where its library is absent."""
    from app.export import gif, video

    if suffix == ".gif":
        gif.check()
        return gif.GifWriter
    video.tool(suffix)
    return video.Mp4Writer if suffix == ".mp4" else video.WebmWriter
