"""The notebook's style sheet, made from theme tokens."""

from __future__ import annotations

from ui.theme import MONO_FONT, SIZES, UI_FONT, Theme

_SHEET = """
#Console {{ background: {t.panel}; border: none; }}
#ConsoleLine {{ background: {t.border}; }}
NotebookView {{ background: {t.panel}; border: none; }}
CodeEditor {{ background: transparent; border: none; color: {t.code[text]};
  font-family: "{mono}"; font-size: {body}pt; font-style: normal;
  selection-background-color: {t.selection}; selection-color: none; }}
MarkdownView {{ background: transparent; border: none; color: {t.text};
  font-family: "{ui}"; font-size: {body}pt; selection-background-color: {t.selection};
  selection-color: {t.text}; }}
#TrustBar {{ background: {t.raised}; border-bottom: 1px solid {t.warning}; }}
#TrustBar QLabel {{ background: transparent; color: {t.text}; font-size: {small}pt; }}
#NotebookFind {{ background: {t.raised}; border-bottom: 1px solid {t.border}; }}
#NotebookFind QLineEdit {{ background: {t.panel}; }}
#NotebookFind QPushButton {{ padding: 3px 10px; font-size: {small}pt; }}
#NotebookFind QToolButton {{ font-family: "{mono}"; font-size: {small}pt; min-width: 18px;
  min-height: 16px; }}
#NotebookFind QLabel {{ background: transparent; font-size: {small}pt; }}
TextView {{ background: transparent; border: none; }}
#FailureTitle {{ color: {t.error}; font-family: "{mono}"; font-size: {body}pt;
  font-weight: bold; background: transparent; }}
#ShowAll {{ background: transparent; border: 1px solid {t.border}; border-radius: 9px;
  color: {t.text_dim}; font-size: {small}pt; padding: 1px 10px; min-height: 14px; }}
#ShowAll:hover, #AddCell:hover {{ background: {t.hover}; color: {t.text}; }}
#ShowAll:focus, #AddCell:focus {{ border-color: {t.focus}; color: {t.text}; }}
#AddCell {{ background: transparent; border: 1px solid {t.border}; border-radius: 6px;
  color: {t.text_dim}; font-size: {small}pt; padding: 3px 10px; min-height: 16px; }}
#CellInput {{ background: {t.raised}; border: 1px solid {t.focus}; border-radius: 6px;
  padding: 3px 8px; font-family: "{mono}"; font-size: {body}pt; }}
#CellTool, #CellRun {{ background: transparent; border: none; border-radius: 4px; padding: 4px; }}
#CellTool {{ padding: 2px 4px; }}
#CellTool:hover, #CellRun:hover {{ background: {t.hover}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; border: none; }}
QScrollBar:horizontal {{ background: transparent; height: 7px; margin: 0; border: none; }}
QScrollBar::handle {{ background: {handle}; border-radius: 2px; min-width: 28px;
  min-height: 28px; margin: 1px; }}
QScrollBar::handle:vertical {{ border-radius: 3px; margin: 2px; }}
QScrollBar::handle:hover {{ background: {t.text_faint}; }}
QScrollBar::handle:disabled {{ background: transparent; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""


def sheet(theme: Theme) -> str:
    """Return the style sheet of a NotebookView in `theme`."""
    handle = "#60" + theme.text_faint[-6:]
    return _SHEET.format(t=theme, ui=UI_FONT, mono=MONO_FONT, handle=handle, **SIZES)
