"""The `tapedeck-desktop` command: put Tapedeck into the menus of a Linux desktop, or out of them.

Menu entry, icon, the file type `.tape` and the description for software centres go below
`$XDG_DATA_HOME` (`~/.local/share`), for this person alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import resources

#: Where each shipped file goes below the folder of data.
PLACES = {
    ("linux", "tapedeck.desktop"): "applications/tapedeck.desktop",
    ("linux", "tapedeck-mime.xml"): "mime/packages/tapedeck.xml",
    ("linux", "io.github.tapedeck.Tapedeck.metainfo.xml"): (
        "metainfo/io.github.tapedeck.Tapedeck.metainfo.xml"
    ),
    ("icons", "tapedeck.svg"): "icons/hicolor/scalable/apps/tapedeck.svg",
}
#: What tells a running desktop of the change; absent ones read it at the next login.
_TELL = (("update-desktop-database", "applications"), ("update-mime-database", "mime"))


def install(data: Path, program: str) -> list[Path]:
    """Write the files below `data`, with the menu entry starting `program`; return them."""
    written = []
    for source, place in PLACES.items():
        target = data / place
        target.parent.mkdir(parents=True, exist_ok=True)
        text = resources.path(*source).read_text("utf-8")
        target.write_text(text.replace("Exec=tapedeck ", f"Exec={_quoted(program)} "), "utf-8")
        written.append(target)
    _tell(data)
    return written


def remove(data: Path) -> None:
    """Take the files away again."""
    for place in PLACES.values():
        (data / place).unlink(missing_ok=True)
    _tell(data)


def main() -> int:
    """Install, or with --remove take away; the exit status is 2 where that cannot be done."""
    parser = argparse.ArgumentParser(prog="tapedeck-desktop", description=__doc__)
    parser.add_argument("--remove", action="store_true", help="take everything away again")
    options = parser.parse_args()
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    try:
        if options.remove:
            remove(Path(home))
        else:
            beside = Path(sys.argv[0]).resolve().with_name("tapedeck")
            program = str(beside) if beside.exists() else shutil.which("tapedeck") or "tapedeck"
            for path in install(Path(home), program):
                print(path)
    except OSError as error:
        print(f"tapedeck-desktop: {error}", file=sys.stderr)
        return 2
    return 0


def _quoted(program: str) -> str:
    """Return a program as Exec wants it: in quotes where it has other characters than a path's."""
    plain = all(letter.isalnum() or letter in "/._-+" for letter in program)
    return program if plain else '"' + program.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _tell(data: Path) -> None:
    for command, folder in _TELL:
        found = shutil.which(command)
        if found and (data / folder).is_dir():
            subprocess.run([found, str(data / folder)], check=False, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
