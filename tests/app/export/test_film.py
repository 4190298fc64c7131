"""Replays as films: what can be seen in them, the same bytes each time, nothing half-written."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.export import ExportError, FilmOptions, export, video
from app.export.gif import GifWriter, Palette, packed, unpacked
from engine.tape.tape import Tape
from tests.app.export.test_export import lesson
from tests.ui.graph.tapes import Script

Image = pytest.importorskip("PIL.Image", reason="the environment is older than the dependency")
pytestmark = pytest.mark.usefixtures("qapp")
SMALL = FilmOptions(fps=10.0, size=(320, 240), speed=5.0)
GRAPH_HEIGHT = 240 - 34


@pytest.fixture(scope="module")
def tape() -> Tape:
    return lesson()


def frames(data: bytes) -> list[tuple[np.ndarray, int]]:
    """Return the pixels of each frame and how many milliseconds it stays."""
    film = Image.open(io.BytesIO(data))
    result = []
    for number in range(film.n_frames):
        film.seek(number)
        result.append((np.asarray(film.convert("RGB")), int(film.info["duration"])))
    return result


def gif(tape: Tape, folder: Path, name: str = "a.gif", **options: object) -> bytes:
    export(tape, folder / name, film=SMALL, **options)  # type: ignore[arg-type]
    assert list(folder.glob("*.part")) == []
    return (folder / name).read_bytes()


def test_the_wave_runs_up_the_graph(tape: Tape, tmp_path: Path) -> None:
    shown = frames(gif(tape, tmp_path))
    steps = len(tape.steps)
    assert steps == 5
    assert sum(time for _, time in shown) == round((0.8 + steps / 5.0 + 1.6) * 1000)
    # What the first step changed lies low in the picture, what the last one did lies high.
    first, last = shown[0][0], shown[-1][0]
    assert first.shape == (240, 320, 3)
    rows = np.flatnonzero((shown[1][0] != first)[:GRAPH_HEIGHT].any(axis=(1, 2)))
    assert rows.min() > GRAPH_HEIGHT / 2
    rows = np.flatnonzero((last != first)[:GRAPH_HEIGHT].any(axis=(1, 2)))
    assert rows.min() < GRAPH_HEIGHT / 3


def test_the_steps_are_animated(tape: Tape, tmp_path: Path) -> None:
    assert len(frames(gif(tape, tmp_path))) > 2 * len(tape.steps)


def test_gifs_are_the_same_each_time(tape: Tape, tmp_path: Path) -> None:
    assert gif(tape, tmp_path, "a.gif") == gif(lesson(), tmp_path, "b.gif")


def test_themes(tape: Tape, tmp_path: Path) -> None:
    dark = frames(gif(tape, tmp_path, "d.gif", theme="dark"))[0][0]
    light = frames(gif(tape, tmp_path, "l.gif", theme="light"))[0][0]
    assert dark.mean() < 60 < 200 < light.mean()


def test_progress_counts_frames(tape: Tape, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    gif(tape, tmp_path, progress=lambda done, total, what: told.append((done, total)))
    assert told[-1] == (34, 34)
    assert told == sorted(told)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (FilmOptions(fps=0.5), "0.5 frames per second are not 1 to 50"),
        (FilmOptions(fps=60.0), "60 frames per second are not 1 to 50"),
        (FilmOptions(size=(64, 64)), "each side should be an even number from 128 to 3840"),
        (FilmOptions(size=(1281, 720)), "a film of 1281x720 pixels cannot be written"),
        (FilmOptions(speed=0.0), "a speed of 0 steps per second is not positive"),
        (FilmOptions(speed=float("nan")), "a speed of nan steps per second is not positive"),
    ],
)
def test_refusals(tape: Tape, tmp_path: Path, options: FilmOptions, sentence: str) -> None:
    with pytest.raises(ExportError, match=sentence):
        export(tape, tmp_path / "a.gif", film=options)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_without_a_pass_is_refused(tmp_path: Path) -> None:
    script = Script()
    script.cell("c", 1)
    script.end_cell(y=script.op("neg", script.leaf(True)))
    with pytest.raises(ExportError, match="has no backward pass: there is nothing to replay"):
        export(script.tape(), tmp_path / "a.gif")


def test_an_interrupt_leaves_the_old_file_and_nothing_else(tape: Tape, tmp_path: Path) -> None:
    target = tmp_path / "a.gif"
    target.write_text("old")

    def interrupt(done: int, total: int, what: str) -> None:
        if done > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(tape, target, film=SMALL, progress=interrupt)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_ends_the_command_and_leaves_nothing(
    tape: Tape, tmp_path: Path, number: signal.Signals
) -> None:
    tape.save(tmp_path / "a.tape")
    command = [
        sys.executable, "-m", "app.cli", "export", str(tmp_path / "a.tape"), "--to",
        str(tmp_path / "a.gif"), "--speed", "0.05", "--progress",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()  # the first frame is done
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said.splitlines()[0]) == (130, "tapedeck: interrupted"), said
    assert [path.name for path in tmp_path.iterdir()] == ["a.tape"]


# --- GIF


def test_colours_of_most_pixels_are_exact_and_others_near() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    noise[:48] = (13, 17, 23)
    palette = Palette([noise])
    again = palette.colours[palette.indices(packed(noise))]
    assert len(palette.colours) <= 255
    assert (again[:48] == noise[:48]).all()
    assert np.abs(again.astype(int) - noise).mean() < 12


def test_packing_is_undone_by_unpacking() -> None:
    pixels = np.array([[[1, 2, 3], [255, 0, 128]]], np.uint8)
    assert packed(pixels).tolist() == [[0x010203, 0xFF0080]]
    assert (unpacked(packed(pixels)) == pixels).all()


def test_frames_come_back_with_their_times(tmp_path: Path) -> None:
    """Unequal, equal, and equal in all but a corner; thirds of a second add up."""
    pictures = np.zeros((4, 128, 130, 3), np.uint8)
    pictures[1:, 20:30, 40:60] = (250, 160, 10)
    pictures[3, 0, 0] = (1, 2, 3)
    with GifWriter(tmp_path / "a.gif", (130, 128), 3.0, pictures) as writer:
        for picture, count in zip(pictures, (1, 1, 2, 3), strict=True):
            writer.add(picture, count)
    shown = frames((tmp_path / "a.gif").read_bytes())
    assert [time for _, time in shown] == [330, 1000, 1000]
    for (pixels, _), picture in zip(shown, pictures[[0, 1, 3]], strict=True):
        assert (pixels == picture).all()


# --- video


def ffmpeg() -> str | None:
    try:
        return video.tool(".mp4")
    except ExportError:
        return None


@pytest.mark.skipif(ffmpeg() is None, reason="needs ffmpeg")
@pytest.mark.parametrize(("suffix", "magic"), [(".mp4", b"ftyp"), (".webm", b"webm")])
def test_videos_are_the_same_each_time(
    tape: Tape, tmp_path: Path, suffix: str, magic: bytes
) -> None:
    both = []
    for name in "ab":
        export(tape, tmp_path / f"{name}{suffix}", film=SMALL)
        both.append((tmp_path / f"{name}{suffix}").read_bytes())
    assert both[0] == both[1] and magic in both[0][:64]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(ffmpeg() is None, reason="needs ffmpeg")
def test_videos_show_what_gifs_show(tape: Tape, tmp_path: Path) -> None:
    export(tape, tmp_path / "a.mp4", film=SMALL)
    command = [str(ffmpeg()), "-v", "error", "-i", str(tmp_path / "a.mp4"), "-f", "rawvideo",
               "-pix_fmt", "rgb24", "-"]  # fmt: skip
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    film = np.frombuffer(raw, np.uint8).reshape(-1, 240, 320, 3).astype(int)
    assert len(film) == 34
    still = frames(gif(tape, tmp_path))
    assert np.abs(film[0] - still[0][0]).mean() < 6
    assert np.abs(film[-1] - still[-1][0]).mean() < 6


def test_without_ffmpeg_a_sentence_says_what_to_install(
    tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match=r"pip install 'tapedeck\[video\]'"):
        export(tape, tmp_path / "a.webm")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_what_ffmpeg_says_is_passed_on(
    tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "ffmpeg"
    tool.write_text("#!/bin/sh\necho 'Unknown encoder libx264' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setattr(video, "tool", lambda suffix: str(tool))
    with pytest.raises(ExportError, match=r"could not write the \.mp4: Unknown encoder libx264"):
        export(tape, tmp_path / "a.mp4", film=SMALL)
    assert list(tmp_path.iterdir()) == [tool]
