"""Say in one sentence why a window cannot open, before Qt would abort the process."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

#: Which Debian or Ubuntu package holds a library that Qt loads.
_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
_HEADLESS = "without a display, `tapedeck record`, `info` and `export` do the same work"


class DisplayError(Exception):
    """A window cannot open; the message names what to install or to run instead."""


def check_qt() -> None:
    """Raise DisplayError if Qt's own libraries cannot be loaded."""
    try:
        import PySide6.QtWidgets  # noqa: F401 (this import is the check)
    except ImportError as error:
        raise DisplayError(_missing(str(error))) from None


def check_window() -> None:
    """Raise DisplayError if there is no display to open a window on, or Qt cannot use it."""
    check_qt()
    if not sys.platform.startswith("linux"):
        return
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if platform not in ("", "xcb"):
        return
    if platform == "" and os.environ.get("WAYLAND_DISPLAY"):
        return
    if not os.environ.get("DISPLAY"):
        raise DisplayError(
            "there is no display to open the window on; log in to a desktop, or run it under "
            f"`xvfb-run`; {_HEADLESS}"
        )
    _check_xcb_plugin()
    _check_x_server()


def _missing(reason: str, binary: Path | None = None) -> str:
    """Return the sentence for libraries that the loader did not find.

    `reason` names the first of them; `binary`, the file that needs them, tells the rest.
    """
    found = re.search(r"(lib[\w.+-]+\.so[.\d]*)", reason)
    if not found:
        remedy = "`pip install --force-reinstall PySide6-Essentials`"
        return f"Qt cannot be loaded: {reason}; reinstall it with {remedy}"
    libraries = dict.fromkeys([found.group(1), *(_not_found(binary) if binary else ())])
    packages = dict.fromkeys(_PACKAGES[name] for name in libraries if name in _PACKAGES)
    are = "libraries {}, which are" if len(libraries) > 1 else "library {}, which is"
    remedy = f"on Debian or Ubuntu: apt install {' '.join(packages)}" if packages else "install it"
    return f"Qt needs the system {are.format(', '.join(libraries))} missing; {remedy}"


def _not_found(binary: Path) -> list[str]:
    """Return the libraries that ldd misses for a file; none where there is no ldd."""
    try:
        told = subprocess.run(
            ["ldd", str(binary)], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return re.findall(r"(\S+) => not found", told.stdout)


def _check_xcb_plugin() -> None:
    spec = find_spec("PySide6")
    if spec is None or spec.origin is None:
        return
    plugin = Path(spec.origin).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    if not plugin.exists():
        return  # a system Qt: its packages bring what they need
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        raise DisplayError(_missing(str(error), plugin)) from None


def _check_x_server() -> None:
    """Ask the server that DISPLAY names for a connection, as Qt is about to do."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if failed:
        raise DisplayError(
            f"the display {os.environ['DISPLAY']!r} cannot be reached; check DISPLAY and the "
            f"permission to use it (xauth), or run it under `xvfb-run`; {_HEADLESS}"
        )
