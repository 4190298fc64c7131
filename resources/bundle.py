"""Make a standalone program for Linux: `python -m resources.bundle FOLDER [--smoke]`.

FOLDER/tapedeck/ then holds all, Python included; FOLDER/tapedeck/tapedeck is the program. The
kernels run the person's own code, so all of the standard library is in it. Needs
`pip install 'tapedeck[bundle]'`. With --smoke the program records, checks and exports an example
with nothing of this machine's Python in reach, and opens its window once without a display.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Of the standard library, what no program in a kernel imports.
_LEFT_OUT = {
    "test", "idlelib", "turtledemo", "tkinter", "turtle", "lib2to3", "ensurepip", "antigravity",
    "this",
}  # fmt: skip
_SPEC = """\
from PyInstaller.utils.hooks import collect_all, collect_submodules, copy_metadata

hidden, data, binaries = [], [], []
for name in {stdlib!r}:
    hidden += [name, *collect_submodules(name, on_error="ignore")]
for name in ("app", "ui", "engine", "resources"):
    hidden += collect_submodules(name)
for name in ("IPython", "ipykernel", "jupyter_client", "nbformat", "comm", "traitlets", "pygments"):
    more_data, more_binaries, more_hidden = collect_all(name)
    data, binaries, hidden = data + more_data, binaries + more_binaries, hidden + more_hidden
data += [({resources!r}, "resources"), ({signatures!r}, "engine/ops")]
analysis = Analysis(
    [{entry!r}], pathex=[{root!r}], datas=data, binaries=binaries, hiddenimports=hidden,
    excludes=["torch", "matplotlib", "debugpy", "tkinter", "pytest", "mypy"],
    # As source: the engine reads its own formulas, and tracebacks show lines.
    module_collection_mode={{name: "py" for name in ("app", "ui", "engine", "resources")}},
)
program = EXE(
    PYZ(analysis.pure), analysis.scripts, [], exclude_binaries=True, name="tapedeck", console=True
)
COLLECT(program, analysis.binaries, analysis.datas, name="tapedeck")
"""


def spec() -> str:
    """Return what PyInstaller is told."""
    stdlib = sorted(
        name for name in sys.stdlib_module_names if name not in _LEFT_OUT and name[0] != "_"
    )
    return _SPEC.format(
        stdlib=stdlib,
        resources=str(ROOT / "resources"),
        signatures=str(ROOT / "engine" / "ops" / "signatures.txt"),
        entry=str(ROOT / "app" / "frozen.py"),
        root=str(ROOT),
    )


def build(folder: Path) -> Path:
    """Make the program in `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        told = Path(work) / "tapedeck.spec"
        told.write_text(spec(), "utf-8")
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
        command += ["--workpath", work, "--distpath", str(folder.absolute()), str(told)]
        subprocess.run(command, check=True, cwd=work)
    return folder / "tapedeck" / "tapedeck"


def smoke(program: Path) -> None:
    """Use the program as on a machine without Python; CalledProcessError if something fails."""
    example = ROOT / "resources" / "examples" / "01-chain-rule.ipynb"
    with tempfile.TemporaryDirectory() as place:
        environment = {"HOME": place, "PATH": "", "QT_QPA_PLATFORM": "offscreen", "LANG": "C.UTF-8"}
        tape, drawing = Path(place) / "lesson.tape", Path(place) / "graph.svg"
        for arguments in (
            ["--version"],
            ["record", str(example), "-o", str(tape)],
            ["check", str(tape)],
            ["export", str(tape), "--to", str(drawing)],
        ):
            subprocess.run(
                [str(program), *arguments], env=environment, check=True, timeout=300, cwd=place
            )
        if not drawing.stat().st_size:
            raise OSError(f"{drawing} is empty")
        opened = subprocess.Popen([str(program), str(tape)], env=environment, cwd=place)
        try:
            opened.wait(20)
        except subprocess.TimeoutExpired:
            opened.terminate()  # it is open, as it should be
            opened.wait(60)
        else:
            raise subprocess.CalledProcessError(opened.returncode, opened.args)


def main() -> int:
    """Build, and use what was built where that is wished."""
    parser = argparse.ArgumentParser(prog="python -m resources.bundle")
    parser.add_argument("folder", type=Path, help="where the program goes")
    parser.add_argument("--smoke", action="store_true", help="use it once built")
    options = parser.parse_args()
    if importlib.util.find_spec("PyInstaller") is None:
        parser.error("PyInstaller is missing; pip install -e '.[bundle]' brings it")
    program = build(options.folder)
    size = sum(path.stat().st_size for path in program.parent.rglob("*") if path.is_file())
    print(f"{program}: {size / 1e6:.0f} MB", flush=True)
    if options.smoke:
        smoke(program)
        print("records, checks, exports and opens its window", flush=True)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONNOUSERSITE", "1")
    sys.exit(main())
