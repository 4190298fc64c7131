"""The schema of the settings: every choice with its type, default, limits and words."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import Any

from app.kernel.messages import KEEP_MEGABYTES


@dataclass(frozen=True, slots=True)
class Setting:
    """How one choice is shown and what it may be. Without `title` it is not in the dialog."""

    title: str = ""
    section: str = ""
    tip: str = ""
    choices: tuple[tuple[str, str], ...] = ()  # value and text
    least: float | None = None
    most: float | None = None
    step: float = 1.0
    unit: str = ""
    at_start: bool = False  # it counts from the next start on

    def admitted(self, value: Any, default: Any) -> Any:
        """Return `value` within the limits; a choice that there is not becomes the default."""
        if self.choices and value not in [choice for choice, _ in self.choices]:
            return default
        if self.least is not None and self.most is not None:
            if value != value:  # NaN
                return default
            return type(default)(min(max(value, self.least), self.most))
        return value


def _choice(default: Any, title: str, section: str, tip: str = "", **rest: Any) -> Any:
    return field(default=default, metadata={"setting": Setting(title, section, tip, **rest)})


def _kept(default: Any, **limits: Any) -> Any:
    """A choice that is made elsewhere than in the dialog."""
    return field(default=default, metadata={"setting": Setting(**limits)})


ZOOMS = (75, 90, 100, 110, 125, 150, 175, 200)  # per cent


@dataclass(slots=True)
class Preferences:
    """The settings with their defaults."""

    theme: str = _choice(
        "dark", "Theme", "Appearance", choices=(("dark", "Dark"), ("light", "Light"))
    )
    zoom: int = _choice(
        100,
        "Size of everything",
        "Appearance",
        "Text, icons, cards and panels alike",
        least=ZOOMS[0],
        most=ZOOMS[-1],
        step=5,
        unit=" %",
    )
    code_size: int = _choice(
        10,
        "Size of code",
        "Appearance",
        "Of cells, outputs and numbers",
        least=7,
        most=24,
        unit=" pt",
        at_start=True,
    )
    animate: bool = _choice(
        True, "Animation", "Appearance", "Off: reduced motion; everything is where it goes at once"
    )
    follow: bool = _choice(
        True, "Graph follows the playhead", "Graph", "Shows the graph in which the step happens"
    )
    left_to_right: bool = _choice(False, "Graphs run from left to right", "Graph", "Off: top-down")
    minimap: bool = _choice(
        True, "Map of the graph", "Graph", "In the corner, while part of the graph is out of sight"
    )
    start: str = _choice(
        "session",
        "Begin with",
        "Start",
        "Nothing is run on opening, but for an example of ours",
        choices=(
            ("session", "What was open last"),
            ("example", "The first example"),
            ("welcome", "The welcome page"),
        ),
    )
    stop_on_error: bool = _choice(
        False, "Run All stops at the first error", "Running", "Off: it goes on, as lessons want it"
    )
    keep_gb: float = _choice(
        KEEP_MEGABYTES / 1000,
        "Memory of recordings",
        "Running",
        "Arrays that a recording keeps whole; of further ones only statistics are kept, and at "
        "twice that size on the disk it ends. Counts from the next kernel on.",
        least=0.1,
        most=10_000.0,
        step=0.5,
        unit=" GB",
    )
    memory_gb: float = _choice(
        0.0,
        "Memory of the code",
        "Running",
        "Data that the code may hold; 0 sets no limit. What wants more raises MemoryError, and the "
        "kernel lives on. (Only on Linux.) Counts from the next kernel on.",
        least=0.0,
        most=10_000.0,
        step=0.5,
        unit=" GB",
    )
    ask_trust: bool = _choice(
        False,
        "Ask before code from elsewhere is run",
        "Running",
        "Once for each notebook. Nothing of a file runs by itself when it is opened in either case",
    )
    speed: float = _kept(4.0, least=0.25, most=1000.0)  # events per second of the transport
    flow: bool = False  # crossed edges show the size of their cotangents


def setting(name: str) -> Setting:
    """Return the schema of one preference."""
    return _of(next(one for one in fields(Preferences) if one.name == name))


def _of(one: Field[Any]) -> Setting:
    found: Setting = one.metadata.get("setting", Setting())
    return found


def parsed(text: str, name: str, default: Any) -> Any:
    """Return a preference from its text; the default where the text is none of its values."""
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text, default)
    try:
        value = type(default)(text)
    except ValueError:
        return default
    return setting(name).admitted(value, default)
