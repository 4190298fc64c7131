"""The commands, as a person or a script calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from app import __version__, cli
from tests.app import drive

PROGRAM = """\
import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
(w * w).sum().backward()
print(w.grad)
"""


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of a small script."""
    folder = tmp_path_factory.mktemp("tape")
    (folder / "program.py").write_text(PROGRAM, "utf-8")
    target = folder / "program.tape"
    assert cli.main(["record", str(folder / "program.py"), "-o", str(target)]) == 0
    return target


def notebook(folder: Path, *cells: str) -> Path:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    path = folder / "n.ipynb"
    nbformat.write(made, path)
    return path


def test_info_counts_what_was_recorded(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", str(tape), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["operations"] == 2
    assert told["leaves"]
    assert cli.main(["info", str(tape)]) == 0
    text = capsys.readouterr().out
    assert "operations" in text
    assert "w" in text


def test_diff_says_by_its_status_whether_two_tapes_are_the_same(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.py").write_text(PROGRAM.replace("2.0", "3.0"), "utf-8")
    other = tmp_path / "other.tape"
    assert cli.main(["record", str(tmp_path / "other.py"), "-o", str(other)]) == 0
    capsys.readouterr()
    assert cli.main(["diff", str(tape), str(tape)]) == 0
    assert capsys.readouterr().out == "the recordings are the same\n"
    assert cli.main(["diff", str(tape), str(other)]) == 1
    text = capsys.readouterr().out
    assert "leaf w" in text
    assert "line 3" in text
    assert cli.main(["diff", str(tape), str(other), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["same"], told["first"]["what"]) == (False, "leaf w")
    assert told["first"]["largest"] == 1.0
    assert told["first"]["sources"][0]["line"] == 3
    assert cli.main(["diff", str(tape), str(tmp_path / "other.py")]) == 2
    assert "other.py" in capsys.readouterr().err


def test_record_an_error_is_reported_recorded_and_gives_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = notebook(tmp_path, PROGRAM, "1 / 0", "after = w * 2")
    tape, executed = tmp_path / "t.tape", tmp_path / "e.ipynb"
    arguments = ["record", str(path), "-o", str(tape), "--executed", str(executed)]
    assert cli.main(arguments) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    outputs = [cell.outputs for cell in nbformat.read(executed, 4).cells]
    assert outputs[0][0].text == "tensor([2., 4.])\n"
    assert outputs[1][0].ename == "ZeroDivisionError"
    assert not outputs[2]
    assert info(tape, capsys)["errors"] == 1
    assert cli.main([*arguments, "--allow-errors"]) == 0
    assert info(tape, capsys)["operations"] == 3


def test_record_prints_what_the_program_prints_where_it_prints_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "program.py"
    path.write_text("import sys\nprint('loss', 2)\nprint('careful', file=sys.stderr)\nprint('end')")
    tape = tmp_path / "a.tape"
    assert cli.main(["record", str(path), "-o", str(tape)]) == 0
    said = capfd.readouterr()
    assert said.out == "loss 2\nend\n"
    assert said.err == f"careful\nrecorded {tape}\n"


def info(tape: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    capsys.readouterr()
    assert cli.main(["info", str(tape), "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "dot": b"digraph", "graphml": b"<", "json": b"{"}
EXPORT = """\
import sys
from app import cli
for target in sys.argv[2:]:
    cli.main(["export", sys.argv[1], "--to", target])
"""


@pytest.fixture(scope="module")
def exported(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders with every format, each written by a process of its own."""
    folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
    for folder in folders:
        targets = [str(folder / f"graph.{suffix}") for suffix in STARTS]
        command = [sys.executable, "-c", EXPORT, str(tape), *targets]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folders


@pytest.mark.parametrize("suffix", STARTS)
def test_export_writes_each_format_the_same_twice(exported: list[Path], suffix: str) -> None:
    first, second = (folder / f"graph.{suffix}" for folder in exported)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(STARTS[suffix])
    if suffix != "png":
        assert "MulBackward0" in first.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.ipynb"], "does not exist"),
        (["notes.txt"], "not a .ipynb, .py or .tape"),
        (["record", "missing.py", "-o", "x.tape"], "does not exist"),
        (["record", "ok.py", "-o", "x.zip"], "must end in .tape"),
        (["record", "ok.py", "-o", "nowhere/x.tape"], "folder"),
        (["record", "broken.ipynb", "-o", "x.tape"], "broken.ipynb"),
        (["info", "missing.tape"], "does not exist"),
        (["info", "ok.py"], "ok.py"),
        (["info", "."], "folder"),
        (["export", "ok.py", "--to", "x.png"], "ok.py"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_status_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ok.py").write_text("x = 1\n")
    Path("notes.txt").write_text("hello")
    Path("broken.ipynb").write_text("{")
    assert cli.main(arguments) == 2
    told = capsys.readouterr()
    assert told.err.startswith("tapedeck: ")
    assert told.err.count("\n") == 1
    assert says in told.err
    assert not told.out


def test_export_of_an_unknown_format_says_which_there_are(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["export", str(tape), "--to", str(tmp_path / "g.bmp")]) == 2
    assert ".svg" in capsys.readouterr().err


def test_a_graph_that_is_not_there_is_named(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "g.json")
    assert cli.main(["export", str(tape), "--to", target, "--graph", "9"]) == 2
    assert "9" in capsys.readouterr().err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, text in ((["--version"], __version__), (["--help"], "tapedeck record")):
        with pytest.raises(SystemExit) as stopped:
            cli.main(arguments)
        assert stopped.value.code == 0
        assert text in capsys.readouterr().out


def test_a_tape_cannot_command_the_terminal() -> None:
    from app.cli import _printable

    assert _printable("w\x1b[2J ✓\n\ud800") == "w\\x1b[2J ✓\n\\ud800"


def test_why_answers_for_a_name_and_an_element(
    tape: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["why", str(tape), "w.grad"]) == 0
    text = capsys.readouterr().out
    assert "2 paths of one pass were added up in w.grad" in text
    assert "line 3" in text
    assert cli.main(["why", str(tape), "w.grad[1]", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cause"] == "shared"


def test_why_tells_a_single_number_with_its_sign(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = "x = torch.tensor(2.0, requires_grad=True)\n(-3 * (x * x)).backward()\n"
    tape = drive.write_tape(tmp_path / "x.tape", program)
    assert cli.main(["why", str(tape), "x.grad"]) == 0
    assert capsys.readouterr().out.count("MulBackward0 brings -6 ") == 2


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("v.grad", "no tensor of this tape is called 'v'; there are w"),
        ("w.grad[0, 1]", "w.grad has 1 dimensions, not 2"),
        ("w.grad[7]", "index 7"),
        ("w + 1", "is no question"),
    ],
)
def test_why_says_what_is_wrong_with_a_question(
    tape: Path, question: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["why", str(tape), question]) == 2
    assert told in capsys.readouterr().err


def test_problems_says_which_functions_it_cannot_measure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = """
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 2
w = torch.ones(2, requires_grad=True)
Twice.apply(w).sum().backward()
"""
    saved = drive.write_tape(tmp_path / "own.tape", own)
    assert cli.main(["problems", str(saved)]) == 0
    out, err = capsys.readouterr()
    assert out == "nothing looks wrong\n"
    assert err.startswith("1 Function of yours is not measured (Twice): ")


def test_problems_says_by_its_status_whether_something_is_wrong(
    tape: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["problems", str(tape)]) == 0
    assert capsys.readouterr().out == "nothing looks wrong\n"
    (tmp_path / "bad.py").write_text(PROGRAM.replace("(w * w)", "(w * 0).log()"), "utf-8")
    bad = tmp_path / "bad.tape"
    assert cli.main(["record", str(tmp_path / "bad.py"), "-o", str(bad)]) == 0
    capsys.readouterr()
    assert cli.main(["problems", str(bad)]) == 1
    text = capsys.readouterr().out
    assert "error: log of zero" in text
    assert "line 3" in text
    assert cli.main(["problems", str(bad), "--json"]) == 1
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["cause"], one["severity"], one["chain"][0]["line"]) == ("log-of-zero", "error", 3)
