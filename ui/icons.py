"""Icons: the single-colour SVGs of `resources/icons`, tinted and rendered crisp at every scale."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources

_APP_EDGES = (16, 20, 22, 24, 32, 48, 64, 96, 128, 256, 512)
_DISABLED_OPACITY = 0.38


@lru_cache(maxsize=512)
def icon(name: str, color: str) -> QIcon:
    """Return icon `name` in `color` ("#rrggbb"), with a paler variant for disabled controls.

    It is rendered when and as large as it is first painted. Icons are cached, so asking again is
    free. KeyError names an icon that does not exist.
    """
    return QIcon(_Engine(name, color))


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


class _Engine(QIconEngine):
    """Draws one icon in one colour for whoever paints it, each size once."""

    def __init__(self, name: str, color: str) -> None:
        super().__init__()
        _file(name)
        self._name, self._color = name, color
        self._drawn: dict[tuple[int, int, float, bool], QPixmap] = {}

    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        disabled = mode == QIcon.Mode.Disabled
        key = (size.width(), size.height(), scale, disabled)
        if key not in self._drawn:
            mask = _render(_renderer(self._name), round(min(key[:2]) * scale))
            drawn = _tint(mask, self._color, _DISABLED_OPACITY if disabled else 1.0)
            drawn.setDevicePixelRatio(scale)
            self._drawn[key] = drawn
        return self._drawn[key]

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        scale = painter.device().devicePixelRatio()
        painter.drawPixmap(rect, self.scaledPixmap(rect.size(), mode, state, scale))

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._color)


def _renderer(name: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_file(name).read_bytes()))


def _file(name: str) -> Path:
    try:
        return resources.path("icons", f"{name}.svg")
    except FileNotFoundError:
        raise KeyError(f"no icon is called {name!r}") from None


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
