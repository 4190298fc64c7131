"""Frames as MP4 (H.264) or WebM (VP9), encoded by ffmpeg."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.export.errors import ExportError

Pixels = NDArray[np.uint8]
#: No dates, no random ids, no version; and the same number of threads anywhere.
_PLAIN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-threads", "2")


def tool(suffix: str) -> str:
    """Return the path of ffmpeg: the one that imageio-ffmpeg brings, or the one on the PATH.

    Raises ExportError where there is neither.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        found = shutil.which("ffmpeg")
    if found is None:
        raise ExportError(
            f"a {suffix} needs ffmpeg: pip install 'tapedeck[video]', or put ffmpeg on the PATH; "
            "a .gif needs neither"
        )
    return found


class VideoWriter:
    """Gives raw frames to ffmpeg, which runs as a process of its own."""

    suffix: ClassVar[str]
    codec: ClassVar[tuple[str, ...]]

    def __init__(
        self, target: Path, size: tuple[int, int], fps: float, samples: Iterable[Pixels]
    ) -> None:
        width, height = size
        self._command = [
            tool(self.suffix), "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
            "-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}",
            "-framerate", f"{fps:g}", "-i", "pipe:0", "-an",
            # Colours as screens and browsers expect them of a small or large picture alike.
            "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
            *self.codec, *_PLAIN, f"file:{target}",
        ]  # fmt: skip

    def __enter__(self) -> VideoWriter:
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said,
            **_apart(),
        )  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        with self._said:
            if kind is not None:
                self._process.kill()
            self._close()
            if self._process.wait() and kind is None:
                raise self._failed()

    def add(self, pixels: Pixels, count: int) -> None:
        """Add `count` frames that look alike."""
        assert self._process.stdin is not None
        data = pixels.tobytes()
        try:
            for _ in range(count):
                self._process.stdin.write(data)
        except BrokenPipeError:
            self._process.wait()
            raise self._failed() from None

    def _close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # its exit status tells
            self._process.stdin.close()

    def _failed(self) -> ExportError:
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"it ended with status {self._process.returncode}"
        return ExportError(f"ffmpeg could not write the {self.suffix}: {why}")


class Mp4Writer(VideoWriter):
    suffix = ".mp4"
    codec = (
        "-c:v", "libx264", "-preset", "medium", "-crf", "18", "-tune", "animation",
        "-movflags", "+faststart", "-f", "mp4",
    )  # fmt: skip


class WebmWriter(VideoWriter):
    suffix = ".webm"
    codec = (
        "-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-deadline", "good", "-cpu-used", "4",
        "-f", "webm",
    )  # fmt: skip


def _apart() -> dict[str, Any]:
    """Return arguments that keep Ctrl+C from ffmpeg: whoever gives it frames ends it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
