"""A graph as PNG, SVG or PDF: what the window shows at a playhead, through a lens."""

from __future__ import annotations

from app.export.data import Graph
from app.export.errors import ExportError
from app.export.groups import GroupOptions, arranged, laid_out
from engine.tape.replay import Moment, state_at
from engine.tape.tape import Tape
from ui import theme as themes
from ui.graph.lens import Lens
from ui.graph.measures import Gauge
from ui.graph.model import GraphInfo
from ui.graph.shading import Legend, Shading
from ui.graph.sources import previews_at
from ui.graph.tint import TintIndex
from ui.graph.types import CanvasState, Layout


def lens_of(name: str) -> Lens:
    """Return the lens of a name as the command line has it; raises ExportError."""
    for lens in Lens:
        if lens.value.lower() == name.lower():
            return lens
    known = ", ".join(lens.value.lower() for lens in Lens)
    raise ExportError(f"a graph cannot be coloured by {name}, but by {known}")


def picture(
    tape: Tape, graph: Graph, info: GraphInfo, suffix: str, theme: str, scale: float,
    playhead: int | None, lens: Lens, flow: bool, groups: GroupOptions,
) -> bytes:  # fmt: skip
    """Return the bytes of a picture; see `app.export.export` for the arguments."""
    # Only pictures need Qt's libraries.
    from ui.graph import still
    from ui.graph.pdf import pdf

    still.ensure_application()
    if lens != Lens.OPERATION or flow:  # what is measured, is measured somewhere
        playhead = len(tape.events) if playhead is None else playhead
    shown = arranged(tape, graph, info, groups).shown
    graph = shown.graph
    layout = laid_out(shown, groups)
    moment = state_at(tape, len(tape.events) if playhead is None else playhead)
    state, legends = None, list[Legend]()
    if playhead is not None:
        state, legends = _state(tape, graph, layout, moment, lens, flow)
    drawn = still.picture_of(graph, layout, themes.load(theme), state)
    drawn = drawn._replace(previews=previews_at(tape, layout.ids, moment))
    if suffix == ".svg":
        return still.svg(drawn, info.title, state, legends)
    if suffix == ".pdf":
        return pdf(drawn, info.title, state, legends)
    return still.png(drawn, scale, state, legends)


def _state(
    tape: Tape, graph: Graph, layout: Layout, moment: Moment, lens: Lens, flow: bool
) -> tuple[CanvasState, list[Legend]]:
    tint = TintIndex(tape, graph, layout, hidden=graph.graph["hidden"])
    state = tint.state(moment)
    if lens == Lens.OPERATION and not flow:
        return state, []
    measures = Gauge().measure(tape, graph, layout, lens, flow)
    assert measures is not None  # nobody cancels
    shading = Shading(tint, graph, layout, measures, flow)
    return shading.dress(state, moment), shading.legends
