"""Frames as an animated GIF: one palette for all, and of each frame only what changed."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.export.errors import ExportError

COLOURS = 255  # of a palette; the last index is "as before"
EXACT = 96  # colours that are kept as they are: those of most pixels
SAME = 255
Pixels = NDArray[np.uint8]
Packed = NDArray[np.uint32]


def check() -> None:
    """Raise ExportError without the library that compresses frames."""
    if find_spec("PIL") is None:
        raise ExportError("a .gif needs Pillow: pip install pillow")


class Palette:
    """At most 255 colours and, of every colour met so far, which of them is nearest."""

    def __init__(self, samples: Iterable[Pixels]) -> None:
        from PIL import Image

        found = [np.unique(packed(pixels), return_counts=True) for pixels in samples]
        every = np.concatenate([colours for colours, _ in found])
        colours, place = np.unique(every, return_inverse=True)
        counts = np.bincount(place, np.concatenate([n for _, n in found]))
        order = np.argsort(-counts, kind="stable")
        exact, others = colours[order[:EXACT]], colours[np.sort(order[EXACT:])]
        chosen: Packed = exact
        if len(others):
            # Each colour once: the rims of shapes are few pixels, but many shades.
            strip = Image.fromarray(unpacked(others)[None])
            few = strip.quantize(COLOURS - EXACT, method=Image.Quantize.MEDIANCUT)
            table = np.array(few.getpalette() or [], np.uint8).reshape(-1, 3)
            chosen = np.concatenate([exact, packed(table)])
        self.colours = unpacked(chosen[:COLOURS])
        self._nearest = np.full(1 << 24, -1, np.int16)

    def indices(self, colours: Packed) -> Pixels:
        """Return the palette's index for each packed colour."""
        found = self._nearest[colours]
        if (found < 0).any():
            new = np.unique(colours[found < 0])
            for part in np.array_split(new, len(new) // 4096 + 1):
                self._nearest[part] = _nearest(unpacked(part), self.colours)
            found = self._nearest[colours]
        return found.astype(np.uint8)


class GifWriter:
    """Writes a GIF that loops, frame by frame."""

    def __init__(
        self, target: Path, size: tuple[int, int], fps: float, samples: Iterable[Pixels]
    ) -> None:
        self._target, self._size, self._fps = target, size, fps
        self._palette = Palette(samples)
        self._before: Packed | None = None
        self._shown: Pixels = np.zeros(size[::-1], np.uint8)  # indices of the frame before
        self._waiting: tuple[Pixels, tuple[int, int]] | None = None
        self._frames = 0  # that have been given
        self._hundredths = 0  # of a second that have been written
        self._file: BinaryIO

    def __enter__(self) -> GifWriter:
        self._file = self._target.open("wb")
        table = np.zeros((256, 3), np.uint8)
        table[: len(self._palette.colours)] = self._palette.colours
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", *self._size, 0xF7, 0, 0))
        self._file.write(table.tobytes() + b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        with self._file:
            if kind is None:
                self._write_waiting()
                self._file.write(b";")

    def add(self, pixels: Pixels, count: int) -> None:
        """Add a frame that stands for `count` frames' time."""
        colours = packed(pixels)
        part, other = _changed(colours, self._before)
        indices = self._palette.indices(colours[part])
        if self._before is not None:
            other &= indices != self._shown[part]
        if other.any():
            self._write_waiting()
            self._waiting = (
                np.where(other, indices, np.uint8(SAME)), (part[1].start, part[0].start)
            )  # fmt: skip
            self._shown[part] = indices
        self._before = colours
        self._frames += count

    def _write_waiting(self) -> None:
        """Write the frame that waits: until the next one, its time is not known."""
        if self._waiting is None:
            return
        from PIL import Image
        from PIL.GifImagePlugin import getdata

        patch, corner = self._waiting
        until = round(self._frames / self._fps * 100)
        milliseconds = 10 * (until - self._hundredths)
        self._hundredths = until
        image = Image.fromarray(patch)
        for part in getdata(image, corner, duration=milliseconds, transparency=SAME, disposal=1):
            self._file.write(part)


def packed(pixels: Pixels) -> Packed:
    """Return (..., 3) bytes as one number per pixel."""
    wide = np.zeros((*pixels.shape[:-1], 4), np.uint8)
    wide[..., :3] = pixels[..., ::-1]
    result: Packed = wide.view("<u4")[..., 0]
    return result


def unpacked(colours: Packed) -> Pixels:
    """Return numbers as (..., 3) bytes."""
    parts = [colours >> 16, colours >> 8 & 255, colours & 255]
    return np.stack(parts, axis=-1).astype(np.uint8)


def _changed(
    colours: Packed, before: Packed | None
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """Return the smallest part that holds all pixels that differ, and which of it do."""
    if before is None:
        whole = slice(0, colours.shape[0]), slice(0, colours.shape[1])
        return whole, np.ones(colours.shape, np.bool_)
    other = colours != before
    rows, columns = np.flatnonzero(other.any(axis=1)), np.flatnonzero(other.any(axis=0))
    if not len(rows):
        return (slice(0, 0), slice(0, 0)), other[:0, :0]
    part = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return part, other[part]


def _nearest(colours: Pixels, table: Pixels) -> NDArray[np.int16]:
    """Return for each of `colours` (n, 3) the nearest row of `table`."""
    a, b = colours.astype(np.int32), table.astype(np.int32)
    away = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    result: NDArray[np.int16] = away.argmin(axis=1).astype(np.int16)
    return result
