"""Make a clone run: put its dependencies into `.venv` beside it, then go on in there.

Only the standard library, and nothing newer than Python 3.7: an old interpreter must get as far as
the sentence that says what is needed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def run(module: str, arguments: list[str], extra: str = "") -> int:
    """Run `python -m module` with the project installed, setting up `.venv` first where needed.

    `extra` names an optional dependency group of pyproject.toml. Returns the exit status; problems
    are told in one sentence on stderr and give status 2.
    """
    try:
        python = _python(extra)
    except SetupError as error:
        print(f"tapedeck: {error}", file=sys.stderr)
        return 2
    command = [str(python), "-m", module, *arguments]
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], command)
    return subprocess.run(command, check=False).returncode


def _python(extra: str) -> Path:
    """Return an interpreter in which the project and `extra` are installed."""
    if sys.version_info < (3, 11):  # noqa: UP036 (an older one may well be running this)
        version = ".".join(map(str, sys.version_info[:2]))
        raise SetupError(
            f"Python 3.11 or newer is needed, this is {version}; "
            "run the same command with a newer one, for example: python3.12 -m app"
        )
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = ENVIRONMENT / "tapedeck-installed"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest() + f" [{extra}]"
    installed = stamp.read_text("utf-8").splitlines() if stamp.exists() else []
    if python.exists() and wanted in installed:
        return python
    what = f".[{extra}]" if extra else "."
    print(f"Setting up {ENVIRONMENT} (once; this downloads Qt, about 100 MB) ...", flush=True)
    if not _works(python):
        _create_environment()
        installed = []
    _install(python, what)
    keep = [line for line in installed if line.split(" ")[0] == wanted.split(" ")[0]]
    stamp.write_text("\n".join([*keep, wanted]) + "\n", "utf-8")
    return python


def _works(python: Path) -> bool:
    """Return whether an environment can be installed into: its interpreter runs and is new."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not python.exists():
        return False
    try:
        done = subprocess.run([str(python), "-c", check], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _create_environment() -> None:
    """Make the environment anew; what is there does not work."""
    try:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt").create(ENVIRONMENT)
    except subprocess.CalledProcessError:
        # Debian ships venv without ensurepip; the pip of this interpreter can serve the new one.
        venv.EnvBuilder(clear=True, with_pip=False, symlinks=os.name != "nt").create(ENVIRONMENT)
    except OSError as error:
        raise SetupError(f"cannot write {ENVIRONMENT}: {error.strerror or error}") from None


def _install(python: Path, what: str) -> None:
    pip = [str(python), "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
        if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
            raise SetupError("pip is missing; install it, on Debian: apt install python3-pip")
    command = [*pip, "install", "--disable-pip-version-check", "--editable", what]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SetupError("pip could not install the dependencies; its last lines say why")
