"""The inspector shows every fact of a view, asks for what is clicked, and fits a narrow panel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget

from engine.tape.schema import GradChange
from ui.graph.types import Kind, NodeId
from ui.inspector.inspector import Inspector
from ui.inspector.parts import LinkRow
from ui.inspector.records import Fact, Ledger, LedgerRow, Line, Link, Links, NodeView, Part, Shown
from ui.theme import load

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

LONG = "model.encoder.layers.0.self_attention.out_projection.weight"


def ledger_row(number: int, **changes: object) -> LedgerRow:
    row = LedgerRow(
        GradChange.ACCUMULATE, 10 * number, f"pass {number}", "MulBackward0 · cell 3, line 1",
        "[3.0, 6.0]", f"[{3.0 * number}, {6.0 * number}]", (), True, False,
    )  # fmt: skip
    return row._replace(**changes)


PATH = Part("AddBackward0", "cell 4, line 2", "[1.0, 2.0]")
LEDGER = Ledger(
    "How w.grad came about",
    (
        ledger_row(1),
        ledger_row(2, piled=True, parts=(PATH, PATH)),
        ledger_row(3, kind=GradChange.CLEAR, title="set to None", delta="", past=False),
    ),
    0,
    4,
    "w.grad is the sum of 2 passes (1 and 2): nothing cleared it between them.",
    True,
)
ACCUMULATE, MUL = NodeId(Kind.ACCUMULATE, 4), NodeId(Kind.OP, 7)
LEAF = NodeView(
    NodeId(Kind.LEAF, 0),
    "w",
    "leaf",
    "leaf",
    (Fact("shape", "[2]"), Fact("dtype", "float32"), Fact("module", LONG)),
    (
        Links("Accumulator", (Link("", "AccumulateGrad", "w.grad", ACCUMULATE),)),
        Links("Used by", (Link("0", "mul", "float32[2]", MUL), Link("1", "None", "", None)), 3),
    ),
    Line("cell-2", 1, "w = torch.ones(2, requires_grad=True)", "cell 2, line 1"),
    Shown("Value", np.ones(2, np.float32)),
    Shown("w.grad", np.array([6, 12], np.float32)),
    LEDGER,
)
OP = replace(LEAF, node=MUL, title="mul", ledger=None, value=None, source=None, links=())


@pytest.fixture(params=["dark", "light"])
def inspector(request, qtbot):
    widget = Inspector(load(request.param))
    qtbot.addWidget(widget)
    widget.resize(320, 900)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def rows(inspector: Inspector) -> dict[str, LinkRow]:
    return {
        row.text(): row for row in inspector.details.links.findChildren(LinkRow) if row.isVisible()
    }


def words(inspector: Inspector) -> str:
    labels = [*inspector.findChildren(QLabel), *inspector.findChildren(QLineEdit)]
    return "\n".join(label.text() for label in labels if label.isVisible())


def test_without_a_node_it_says_what_to_do(inspector):
    assert inspector.empty.isVisible()
    assert "Select a node in the graph" in inspector.empty.text()
    inspector.show_node(LEAF)
    assert not inspector.empty.isVisible()
    inspector.show_node(None)
    assert inspector.empty.isVisible()
    assert inspector.shown() is None


def test_everything_about_a_leaf_is_shown(inspector):
    inspector.show_node(LEAF)
    text = words(inspector)
    for fact in LEAF.facts:
        assert fact.label in text
        assert fact.value in text
    assert inspector.details.header.accessibleName() == "w, leaf"
    assert LEDGER.verdict in text
    assert "4 later not listed" in text
    assert "and 3 more" in text
    assert inspector.details.sections["gradient"].title.text() == "w.grad"
    table = inspector.details.gradient.tensor.table.model()
    assert [table.data(table.index(i, 0)) for i in range(2)] == ["6.0", "12.0"]


@pytest.mark.parametrize("size", [(320, 900), (280, 500)])
def test_no_line_is_squeezed_in_the_first_frame(inspector, size):
    inspector.resize(*size)
    inspector.show_node(LEAF)
    page = inspector.details.widget()
    lines = [part for part in page.findChildren(QLabel) if part.isVisible()]
    lines += rows(inspector).values()
    assert len(lines) > 6
    for line in lines:
        assert line.height() >= line.minimumSizeHint().height()


def test_parts_that_a_node_lacks_are_hidden(inspector):
    inspector.show_node(LEAF)
    inspector.show_node(OP)
    assert not inspector.details.sections["ledger"].isVisible()
    assert not inspector.details.sections["value"].isVisible()
    assert not inspector.details.source.isVisible()
    assert not inspector.details.sections["links"].isVisible()
    assert rows(inspector) == {}


def test_a_missing_array_says_why(inspector):
    inspector.show_node(replace(LEAF, gradient=Shown("w.grad", None, "None at the playhead.")))
    assert "None at the playhead." in words(inspector)
    assert not inspector.details.gradient.tensor.isVisible()


def test_links_lead_to_nodes(qtbot, inspector):
    inspector.show_node(LEAF)
    with qtbot.waitSignal(inspector.node_clicked) as clicked:
        qtbot.mouseClick(rows(inspector)["mul"], Qt.MouseButton.LeftButton)
    assert clicked.args == [MUL]
    with qtbot.waitSignal(inspector.node_clicked) as clicked:
        qtbot.keyClick(rows(inspector)["AccumulateGrad"], Qt.Key.Key_Return)
    assert clicked.args == [ACCUMULATE]
    assert not rows(inspector)["None"].isEnabled()


def test_the_source_line_leads_to_the_cell(qtbot, inspector):
    inspector.show_node(LEAF)
    with qtbot.waitSignal(inspector.source_clicked) as clicked:
        qtbot.mouseClick(inspector.details.source, Qt.MouseButton.LeftButton)
    assert clicked.args == ["cell-2", 1]
    inspector.show_node(replace(LEAF, source=Line("", 9, "", "train.py, line 9")))
    assert not inspector.details.source.isEnabled()


def test_a_contribution_leads_to_its_moment(qtbot, inspector):
    inspector.show_node(LEAF)
    contributions = inspector.details.ledger.list
    index = contributions.model().index(1, 0)
    with qtbot.waitSignal(inspector.event_clicked) as clicked:
        qtbot.mouseClick(
            contributions.viewport(),
            Qt.MouseButton.LeftButton,
            pos=contributions.visualRect(index).center(),
        )
    assert clicked.args == [20]
    contributions.setCurrentIndex(contributions.model().index(0, 0))
    with qtbot.waitSignal(inspector.event_clicked) as clicked:
        qtbot.keyClick(contributions, Qt.Key.Key_Return)
    assert clicked.args == [10]


def test_words_can_be_copied(qtbot, inspector):
    inspector.show_node(LEAF)
    copy = (Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(rows(inspector)["mul"], *copy)
    assert QGuiApplication.clipboard().text() == "mul  float32[2]"
    contributions = inspector.details.ledger.list
    contributions.setCurrentIndex(contributions.model().index(0, 0))
    qtbot.keyClick(contributions, *copy)
    copied = QGuiApplication.clipboard().text()
    assert copied == "pass 1  MulBackward0 · cell 3, line 1  + [3.0, 6.0]  = [3.0, 6.0]"
    qtbot.keyClick(inspector.details.source, *copy)
    assert QGuiApplication.clipboard().text() == "w = torch.ones(2, requires_grad=True)"


def test_sections_stay_folded_from_node_to_node(qtbot, inspector):
    inspector.show_node(LEAF)
    title = inspector.details.sections["gradient"].title
    qtbot.mouseClick(title, Qt.MouseButton.LeftButton, pos=QPoint(30, 10))
    assert not inspector.details.gradient.isVisible()
    inspector.show_node(OP)
    inspector.show_node(LEAF)
    assert not inspector.details.gradient.isVisible()
    qtbot.keyClick(title, Qt.Key.Key_Return)
    assert inspector.details.gradient.isVisible()


def test_moving_the_playhead_leaves_unchanged_parts_alone(inspector):
    inspector.show_node(LEAF)
    before = rows(inspector)
    inspector.show_node(replace(LEAF, gradient=Shown("w.grad", np.array([9.0, 9.0]))))
    assert rows(inspector) == before
    table = inspector.details.gradient.tensor.table.model()
    assert table.data(table.index(0, 0)) == "9.0"


def test_the_ledger_follows_the_playhead(inspector):
    inspector.show_node(LEAF)
    later = tuple(row._replace(past=True) for row in LEDGER.rows)
    calm = LEDGER._replace(rows=later, verdict="w.grad was set to None", alarming=False)
    inspector.show_node(replace(LEAF, ledger=calm))
    assert inspector.details.ledger.verdict.text() == "w.grad was set to None"


@pytest.mark.parametrize("width", [240, 300, 420])
def test_nothing_is_clipped_or_wider_than_the_panel(qtbot, inspector, width):
    long = replace(
        LEAF,
        title=LONG,
        value=Shown("Value", np.random.default_rng(0).normal(size=(3, 4, 50, 60))),
        links=(Links("Inputs", (Link("0", LONG, "float32[64, 3, 224, 224]", MUL),)),),
    )
    inspector.resize(width, 800)
    for way in ("table", "heatmap", "histogram"):
        inspector.details.value.tensor.set_way(way)
        inspector.show_node(long)
        qtbot.waitUntil(lambda: inspector.details.header.width() <= width)
        page = inspector.details.header.parentWidget()
        assert page.width() <= width
        assert page.minimumSizeHint().width() <= width
    assert LONG in inspector.details.header.toolTip()


def test_everything_has_a_name_and_is_reached_by_tab(qtbot, inspector):
    inspector.show_node(LEAF)
    for part in (
        inspector.details.source,
        inspector.details.ledger.list,
        *rows(inspector).values(),
    ):
        assert part.accessibleName()
        assert part.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_tab_goes_through_the_values_and_on(qtbot, inspector):
    inspector.show_node(LEAF)
    inspector.activateWindow()
    view = inspector.details.value
    view.title.setFocus()
    qtbot.waitUntil(view.title.hasFocus)
    met: list[QWidget] = []
    while QApplication.focusWidget() not in met:
        focus = QApplication.focusWidget()
        met.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    assert view.tensor.isAncestorOf(met[1])
    assert view.tensor.table in met
    assert inspector.details.ledger.list in met


def test_the_theme_switches_while_a_node_is_shown(qtbot, inspector):
    inspector.show_node(LEAF)
    colours = []
    for name in ("light", "dark"):
        inspector.set_theme(load(name))
        image = inspector.grab().toImage()
        colours.append(image.pixelColor(4, 500).name())
    assert colours == [load("light").panel, load("dark").panel]
