"""The files that Tapedeck ships: icons, fonts, themes, examples, documentation."""

from __future__ import annotations

from pathlib import Path


def path(*parts: str) -> Path:
    """Return the path of a shipped file; `parts` are folder and file names below `resources/`.

    Raises FileNotFoundError when the installation lacks the file.
    """
    found = Path(__file__).parent.joinpath(*parts)
    if not found.exists():
        raise FileNotFoundError(f"Tapedeck is not completely installed: {found} is missing")
    return found
