"""Icons: the single-colour SVGs of `resources/icons`, tinted and rendered crisp at every scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources

#: Device pixels that are rendered when no size is asked for: 16 to 32 points at scales 1 to 3.
_EDGES = (16, 18, 20, 22, 24, 28, 30, 32, 36, 40, 48, 60, 64, 72, 96)
_APP_EDGES = (16, 20, 22, 24, 32, 48, 64, 96, 128, 256, 512)
_SCALES = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
_DISABLED_OPACITY = 0.38


@lru_cache(maxsize=512)
def icon(name: str, color: str, size: int | None = None) -> QIcon:
    """Return icon `name` in `color` ("#rrggbb"), with a paler variant for disabled controls.

    `size` (points) renders for that size alone, at the usual screen scales. Icons are cached, so
    asking again is free. KeyError names an icon that does not exist.
    """
    renderer = _renderer(name)
    edges = _EDGES if size is None else tuple(sorted({round(size * s) for s in _SCALES}))
    result = QIcon()
    for edge in edges:
        mask = _render(renderer, edge)
        result.addPixmap(_tint(mask, color, 1.0), QIcon.Mode.Normal)
        result.addPixmap(_tint(mask, color, _DISABLED_OPACITY), QIcon.Mode.Disabled)
    return result


@lru_cache(maxsize=1)
def app_icon() -> QIcon:
    """Return the application's icon in the sizes that window managers ask for."""
    renderer = _renderer("tapedeck")
    result = QIcon()
    for edge in _APP_EDGES:
        result.addPixmap(QPixmap.fromImage(_render(renderer, edge)))
    return result


def pixmap(name: str, color: str, size: int, scale: float = 1.0) -> QPixmap:
    """Return one tinted picture, `size` points wide on a screen of `scale`."""
    result = _tint(_render(_renderer(name), round(size * scale)), color, 1.0)
    result.setDevicePixelRatio(scale)
    return result


def names() -> list[str]:
    """Return the names of all icons, the application's own excepted."""
    folder = resources.path("icons")
    found = (p.name.removesuffix(".svg") for p in folder.iterdir() if p.name.endswith(".svg"))
    return sorted(name for name in found if name != "tapedeck")


def _renderer(name: str) -> QSvgRenderer:
    try:
        data = resources.path("icons", f"{name}.svg").read_bytes()
    except FileNotFoundError:
        raise KeyError(f"no icon is called {name!r}") from None
    return QSvgRenderer(QByteArray(data))


def _render(renderer: QSvgRenderer, edge: int) -> QImage:
    image = QImage(edge, edge, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, edge, edge))
    painter.end()
    return image


def _tint(mask: QImage, color: str, opacity: float) -> QPixmap:
    """Return `mask`'s shape filled with `color`."""
    image = QImage(mask)
    fill = QColor(color)
    fill.setAlphaF(fill.alphaF() * opacity)
    painter = QPainter(image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(image.rect(), fill)
    painter.end()
    return QPixmap.fromImage(image)
