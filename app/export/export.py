"""The one way out: a tape, a target whose suffix names the format, and how it should look."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.export.data import TEXTS
from app.export.errors import ExportError
from app.export.film import FILMS, FilmOptions
from app.export.groups import GroupOptions
from engine.tape.storage.atomic import part_of, remove_stale
from engine.tape.tape import Tape
from ui.graph.model import GraphInfo, build_graph, list_graphs, main_graph

PICTURES = (".png", ".svg", ".pdf")
FORMATS = (*PICTURES, *TEXTS, *FILMS)

#: Told how many frames are done, of how many, and what for.
Progress = Callable[[int, int, str], object]


def export(
    tape: Tape,
    target: Path,
    graph_number: int | None = None,
    theme: str = "dark",
    scale: float = 2.0,
    playhead: int | None = None,
    lens: str = "operation",
    flow: bool = False,
    film: FilmOptions | None = None,
    groups: GroupOptions | None = None,
    progress: Progress = lambda done, total, what: None,
) -> None:
    """Write graph `graph_number` (None: the last) of `tape` to `target`; its suffix is the format.

    theme: "dark" or "light"; scale: pixels per unit of a .png, less where the image would exceed
    16,000 pixels a side; playhead: tint a picture as the window does there (None: no tint); lens:
    what it is coloured by, of `ui.graph.lens.Lens`; flow: crossed edges show how much crossed them
    (both where the playhead is, or at the end); film: how a replay is played; groups: which frames
    and folds pictures and replays have. The same tape gives the same bytes, and a file that was
    there is whole, the old or the new one. Raises ExportError.
    """
    suffix = target.suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise ExportError(f"{target.name} should end in one of {known}, which names the format")
    if not 0.05 <= scale <= 16:
        raise ExportError(f"a scale of {scale:g} is not between 0.05 and 16")
    info = _chosen(tape, graph_number)
    graph = build_graph(tape, info)
    if suffix in FILMS:
        from app.export.film import write_film

        with _part_of(target) as part:
            write_film(
                tape,
                graph,
                info,
                part,
                suffix,
                theme,
                film or FilmOptions(),
                groups or GroupOptions(),
                progress,
            )
        return
    if suffix in TEXTS:
        data = TEXTS[suffix](graph, info, theme).encode()
    else:
        from app.export.picture import lens_of, picture  # only pictures need Qt's libraries

        seen = lens_of(lens)
        if playhead is not None and not 0 <= playhead <= len(tape.events):
            raise ExportError(f"the tape has {len(tape.events):,} events, not {playhead:,}")
        data = picture(
            tape, graph, info, suffix, theme, scale, playhead, seen, flow, groups or GroupOptions()
        )
    with _part_of(target) as part:
        part.write_bytes(data)


def _chosen(tape: Tape, number: int | None) -> GraphInfo:
    graphs = list_graphs(tape)
    if not graphs:
        raise ExportError("the tape holds no graph: nothing was recorded on it")
    if number is None:
        return main_graph(graphs) or graphs[-1]
    info = graphs.numbered(number)
    if info is not None:
        return info
    first, last = graphs[0].number, graphs[-1].number
    which = f"only graph {first}" if first == last else f"graphs {first} to {last}"
    raise ExportError(f"the tape has no graph {number}, it has {which}")


@contextmanager
def _part_of(target: Path) -> Iterator[Path]:
    """Give a file to write, which becomes the target if all went well, and goes if not."""
    remove_stale(target)
    part = part_of(target, os.getpid())
    try:
        yield part
        part.replace(target)
    except OSError as error:
        raise ExportError(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        if part.parent.is_dir():
            part.unlink(missing_ok=True)
