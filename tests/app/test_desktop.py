"""Menu entry, file type, icon and description: complete, well-formed, installed and removed."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import resources
from app.desktop import PLACES, install, remove
from engine.tape.storage.container import MIMETYPE
from tests.app import drive

MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


def entry(path: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path, "utf-8")
    return parser["Desktop Entry"]


def test_the_file_type_is_that_which_tapes_begin_with(tmp_path: Path) -> None:
    kind = ET.parse(resources.path("linux", "tapedeck-mime.xml")).find(f"{MIME}mime-type")
    assert kind is not None
    assert kind.get("type") == MIMETYPE.decode()
    magic = {
        int(match.get("offset", -1)): str(match.get("value")) for match in kind.iter(f"{MIME}match")
    }
    head = drive.write_tape(tmp_path / "a.tape", "torch.ones(1)").read_bytes()[:200]
    for offset, value in magic.items():
        assert head[offset : offset + len(value)] == value.encode()
    glob = kind.find(f"{MIME}glob")
    assert glob is not None
    assert glob.get("pattern") == "*.tape"


def test_the_menu_entry_starts_the_program_and_is_removed_again(tmp_path: Path) -> None:
    written = install(tmp_path, "/opt/my tools/tapedeck")
    assert written == [tmp_path / place for place in PLACES.values()]
    menu = entry(tmp_path / "applications" / "tapedeck.desktop")
    assert menu["Exec"] == '"/opt/my tools/tapedeck" %f'
    assert MIMETYPE.decode() in menu["MimeType"].split(";")
    assert (tmp_path / "icons/hicolor/scalable/apps" / f"{menu['Icon']}.svg").is_file()
    remove(tmp_path)
    assert not any(path.exists() for path in written)


def test_the_description_names_entry_type_and_licence() -> None:
    (path,) = resources.path("linux").glob("*.metainfo.xml")
    root = ET.parse(path).getroot()
    assert root.findtext("id") == path.name.removesuffix(".metainfo.xml")
    assert root.findtext("launchable") == "tapedeck.desktop"
    assert root.findtext("provides/mediatype") == MIMETYPE.decode()
    assert root.findtext("project_license") == "MIT"


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        (["desktop-file-validate"], "tapedeck.desktop"),
        (["appstreamcli", "validate", "--no-net"], "io.github.tapedeck.Tapedeck.metainfo.xml"),
    ],
)
def test_the_desktops_own_tools_accept_the_files(tool: list[str], name: str) -> None:
    if shutil.which(tool[0]) is None:
        pytest.skip(f"{tool[0]} is not installed")
    said = subprocess.run(
        [*tool, str(resources.path("linux", name))],
        capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"},
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
