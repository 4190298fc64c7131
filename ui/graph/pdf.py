"""A graph as PDF of one page, the same bytes whenever and wherever it is written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from PySide6.QtCore import QBuffer, QByteArray, QHashSeed, QIODevice, QMarginsF, QSizeF, QUuid
from PySide6.QtGui import QPageSize, QPainter, QPdfWriter

from ui.graph.paint import Picture
from ui.graph.shading import Legend
from ui.graph.still import MARGIN, draw, height_of
from ui.graph.types import CanvasState

POINT = 0.75  # points of a scene unit, as browsers print a pixel
LARGEST = 14_400.0  # points of a page's side (PDF 32000-1, annex C)
DOTS = 1200  # per inch: what the writer rounds to
_INCH = 72.0
#: The moment of writing, in the document's information and in its metadata.
_INFO = re.compile(rb"D:\d{14}(?:Z|[+-]\d\d'\d\d'?)")
_XMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_MOMENT = b"D:20000101000000Z"
#: Places in the file: of the objects, and of the table that lists them.
_ENTRY = re.compile(rb"(\d{10})( \d{5} n)")
_START = re.compile(rb"(?<=startxref\n)(\d+)()")


def pdf(
    picture: Picture, title: str, state: CanvasState | None = None, legends: Sequence[Legend] = ()
) -> bytes:
    """Return the picture as PDF: words as text, curves as curves, 4/3 scene units a point.

    A graph too large for a page (200 inches a side) is drawn smaller.
    """
    # The fonts come in the order of a hash, which otherwise is another one in each process.
    QHashSeed.setDeterministicGlobalSeed()
    try:
        return undated(_written(picture, title, state, legends))
    finally:
        QHashSeed.resetRandomGlobalSeed()


def _written(
    picture: Picture, title: str, state: CanvasState | None, legends: Sequence[Legend]
) -> bytes:
    area = picture.scene.bounds.grown(MARGIN)
    height = height_of(area, legends)
    scale = min(POINT, LARGEST / max(area.width, height))
    # Pages measure whole points.
    size = QSizeF(math.ceil(area.width * scale), math.ceil(height * scale))
    exact = QPageSize.SizeMatchPolicy.ExactMatch
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(DOTS)
    writer.setPageSize(QPageSize(size, QPageSize.Unit.Point, "", exact))
    writer.setPageMargins(QMarginsF())
    writer.setTitle(title)
    writer.setCreator("Tapedeck")
    writer.setDocumentId(QUuid.createUuidV5(QUuid(), title.encode()))
    painter = QPainter(writer)
    painter.fillRect(painter.viewport(), picture.inks.canvas)
    painter.scale(scale * DOTS / _INCH, scale * DOTS / _INCH)
    draw(painter, picture, area, state, legends)
    painter.end()
    buffer.close()
    return bytes(data.data())


def undated(data: bytes) -> bytes:
    """Return a PDF with the moments of its writing set to one moment, in UTC.

    The zone of the information's dates is shorter in UTC than elsewhere, so that all that
    follows, and the table of where it is, moves.
    """
    data = _XMP.sub(b"2000-01-01T00:00:00+00:00", data)
    dates = list(_INFO.finditer(data))
    body, table = data.rsplit(b"\nxref\n", 1)
    if not dates:
        return data

    def moved(place: re.Match[bytes]) -> bytes:
        at = int(place[1])
        gone = sum(len(date[0]) - len(_MOMENT) for date in dates if date.start() < at)
        return b"%0*d%s" % (len(place[1]) if place[2] else 0, at - gone, place[2])

    table = _START.sub(moved, _ENTRY.sub(moved, table))
    return _INFO.sub(_MOMENT, body) + b"\nxref\n" + table
