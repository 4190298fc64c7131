"""Every icon exists, takes the colour that is asked for, and is sharp at every scale."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage

from ui import icons

NAMES = [
    "run", "run_all", "stop", "restart", "plus", "trash", "up", "down", "code", "text", "more",
    "open", "save", "save_tape", "play", "pause", "reverse", "step_forward", "step_back",
    "to_start", "to_end", "next_pass", "previous_pass", "filter", "fit", "zoom_in", "zoom_out",
    "search",
    "theme", "panel_left", "panel_right", "panel_bottom", "link", "copy", "settings", "help",
    "warning", "error", "check", "close", "chevron_down", "chevron_right", "undo", "redo",
    "export", "examples", "record", "graph", "table", "heatmap", "histogram", "speed",
]  # fmt: skip


def picture(icon: QIcon, size: int, scale: float, mode: QIcon.Mode = QIcon.Mode.Normal) -> QImage:
    return icon.pixmap(QSize(size, size), scale, mode).toImage()


def strongest_alpha(image: QImage) -> int:
    return max(
        image.pixelColor(x, y).alpha() for x in range(image.width()) for y in range(image.height())
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_icon_is_drawn_in_the_asked_colour_only(qapp, name):
    image = picture(icons.icon(name, "#f5a524"), 24, 1.0)
    solid = {
        image.pixelColor(x, y).name()
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() > 250
    }
    assert solid == {"#f5a524"}


def test_the_set_is_exactly_what_is_listed(qapp):
    assert icons.names() == sorted(NAMES)


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 2.0, 3.0])
def test_an_icon_has_as_many_pixels_as_the_screen(qapp, scale):
    pixmap = icons.icon("play", "#ffffff").pixmap(QSize(20, 20), scale)
    assert pixmap.width() == round(20 * scale)
    assert pixmap.devicePixelRatio() == pytest.approx(scale)


def test_a_disabled_icon_is_paler(qapp):
    icon = icons.icon("trash", "#ffffff")
    normal = strongest_alpha(picture(icon, 16, 1.0))
    disabled = strongest_alpha(picture(icon, 16, 1.0, QIcon.Mode.Disabled))
    assert 0 < disabled < normal / 2


def test_the_same_icon_is_rendered_once(qapp):
    assert icons.icon("run", "#123456") is icons.icon("run", "#123456")


def test_an_unknown_name_is_named(qapp):
    with pytest.raises(KeyError, match="no icon is called 'teapot'"):
        icons.icon("teapot", "#ffffff")


def test_one_picture_carries_its_scale(qapp):
    pixmap = icons.pixmap("check", "#00ff00", 16, 2.0)
    assert (pixmap.width(), pixmap.devicePixelRatio()) == (32, 2.0)


@pytest.mark.parametrize("size", [16, 32, 64, 256, 512])
def test_the_application_icon_is_opaque_inside_and_clear_at_the_corners(qapp, size):
    image = picture(icons.app_icon(), size, 1.0)
    assert image.width() == size
    assert image.pixelColor(size // 2, size // 2).alpha() == 255
    assert image.pixelColor(0, 0).alpha() == 0
    warm = QColor(image.pixelColor(size // 2, round(size * 400 / 512)))
    assert warm.red() > 200 > warm.blue()
