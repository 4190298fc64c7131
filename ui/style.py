"""The application's style sheet and palette, made from theme tokens."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

import resources
from ui.theme import MONO_FONT, RADIUS, SIZES, SPACE, UI_FONT, Theme

_SHEET = """
QMainWindow, QDialog, QMessageBox {{ background: {t.window}; color: {t.text}; }}
QMainWindow::separator {{ background: {t.window}; width: 5px; height: 5px; }}
QMainWindow::separator:hover {{ background: {t.accent}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QWidget {{ color: {t.text}; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.border};
  padding: {s}px {m}px; }}
QLabel[role="dim"] {{ color: {t.text_dim}; }}
QLabel[role="faint"] {{ color: {t.text_faint}; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="heading"] {{ font-size: {heading}pt; font-weight: 600; }}

QMenuBar {{ background: {t.window}; border: none; padding: 2px {s}px; }}
QMenuBar::item {{ padding: {s}px {m}px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {t.hover}; }}
QMenu {{ background: {t.raised}; border: 1px solid {t.border}; padding: {s}px; }}
QMenu::item {{ padding: 5px 28px 5px {m}px; border-radius: 4px; }}
QMenu::icon {{ padding-left: {s}px; }}
QMenu::item:selected {{ background: {t.hover}; }}
QMenu::item:disabled {{ color: {t.text_faint}; }}
QMenu::separator {{ height: 1px; background: {t.border}; margin: {s}px {m}px; }}

QToolBar {{ background: {t.window}; border: none; border-bottom: 1px solid {t.border};
  padding: 3px {m}px; spacing: 2px; }}
QToolBar::separator {{ background: {t.border}; width: 1px; margin: 5px {s}px; }}
QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: {radius}px;
  padding: {s}px; color: {t.text}; }}
QToolButton:hover {{ background: {t.hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {t.raised}; border-color: {t.border}; }}
QToolButton:focus {{ border-color: {t.focus}; }}
QToolButton:disabled {{ color: {t.text_faint}; }}
QToolButton::menu-indicator {{ image: none; }}

QPushButton {{ background: {t.raised}; border: 1px solid {t.border}; border-radius: {radius}px;
  padding: 5px 14px; }}
QPushButton:hover {{ background: {t.hover}; }}
QPushButton:focus {{ border-color: {t.focus}; }}
QPushButton:default {{ background: {t.accent}; color: {t.accent_text}; border-color: {t.accent}; }}
QPushButton:disabled, QPushButton:default:disabled {{ color: {t.text_faint};
  background: {t.raised}; border-color: {t.border}; }}

QComboBox {{ background: {t.raised}; border: 1px solid {t.border}; border-radius: {radius}px;
  padding: 3px {m}px; min-height: 20px; }}
QComboBox:hover {{ background: {t.hover}; }}
QComboBox:focus {{ border-color: {t.focus}; }}
QComboBox::drop-down {{ border: none; width: 18px; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox {{ combobox-popup: 0; }}
QComboBox QAbstractItemView {{ background: {t.raised}; border: 1px solid {t.border}; padding: 3px;
  selection-background-color: {t.hover}; selection-color: {t.text}; outline: none; }}
QComboBox QAbstractItemView::item {{ padding: 3px {s}px; min-height: 20px; border-radius: 4px; }}
QComboBox QAbstractItemView::item:hover, QComboBox QAbstractItemView::item:selected {{
  background: {t.hover}; color: {t.text}; }}
QLineEdit, QSpinBox {{ background: {t.raised}; border: 1px solid {t.border};
  border-radius: {radius}px; padding: 3px {m}px; selection-background-color: {t.selection};
  selection-color: {t.text}; }}
QLineEdit:focus, QSpinBox:focus {{ border-color: {t.focus}; }}
QDoubleSpinBox {{ background: {t.raised}; border: 1px solid {t.border};
  border-radius: {radius}px; padding: 3px {m}px; selection-background-color: {t.selection};
  selection-color: {t.text}; }}
QAbstractSpinBox QLineEdit {{ background: transparent; border: none; padding: 0 {m}px; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
QDialog QAbstractSpinBox::up-button, QDialog QAbstractSpinBox::down-button {{ width: 22px;
  subcontrol-origin: border; background: transparent; }}
QDialog QAbstractSpinBox::up-button {{ subcontrol-position: top right; margin: 2px 2px 0 0; }}
QDialog QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; margin: 0 2px 2px 0; }}
QDialog QAbstractSpinBox::up-button:hover, QDialog QAbstractSpinBox::down-button:hover {{
  background: {t.hover}; border-radius: 3px; }}
QDialog QAbstractSpinBox::up-arrow {{ image: url("{up}"); width: 10px; height: 10px; }}
QDialog QAbstractSpinBox::down-arrow {{ image: url("{down}"); width: 10px; height: 10px; }}
QDoubleSpinBox:focus, QCheckBox:focus {{ border-color: {t.focus}; }}
QCheckBox {{ spacing: {m}px; padding: {s}px; border: 1px solid transparent;
  border-radius: {radius}px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {t.text_faint};
  border-radius: 4px; background: {t.raised}; }}
QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent};
  image: url("{check}"); }}
QRadioButton {{ spacing: {m}px; padding: {s}px; border: 1px solid transparent;
  border-radius: {radius}px; }}
QRadioButton:focus {{ border-color: {t.focus}; }}
QRadioButton::indicator {{ width: 14px; height: 14px; border: 1px solid {t.text_faint};
  border-radius: 8px; background: {t.raised}; }}
QRadioButton::indicator:checked {{ width: 6px; height: 6px; border: 5px solid {t.accent}; }}
QDialog QPlainTextEdit {{ background: {t.raised}; border: 1px solid {t.border};
  border-radius: {radius}px; padding: {s}px; }}
QDialog QPlainTextEdit:focus {{ border-color: {t.focus}; }}

QDockWidget {{ color: {t.text_dim}; }}
QStatusBar {{ background: {t.window}; border-top: 1px solid {t.border}; color: {t.text_dim}; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {t.text_dim}; font-size: {small}pt; padding: 0 {s}px; }}
QTabWidget::pane {{ border: none; }}
QTabBar {{ background: transparent; qproperty-drawBase: 0; }}
QTabBar::tab {{ background: transparent; color: {t.text_dim}; padding: {s}px {m}px;
  border: none; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom-color: {t.accent}; }}
QTabBar::tab:hover {{ color: {t.text}; }}

QScrollArea, QAbstractScrollArea {{ border: none; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {t.border}; border-radius: 4px; min-height: 28px;
  min-width: 28px; margin: 1px; }}
QScrollBar::handle:hover {{ background: {t.text_faint}; }}
QScrollBar::handle:disabled {{ background: transparent; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QProgressBar {{ background: {t.raised}; border: none; border-radius: 2px; max-height: 4px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}
QHeaderView::section {{ background: {t.panel}; color: {t.text_dim}; border: none;
  padding: 2px {s}px; font-size: {small}pt; }}
QTableView {{ background: {t.panel}; gridline-color: {t.border}; border: none;
  selection-background-color: {t.selection}; selection-color: {t.text}; }}
QSplitter::handle {{ background: {t.border}; }}
#DockTitle {{ background: {t.window}; border-bottom: 1px solid {t.border}; }}
#DockTitle QLabel {{ color: {t.text_dim}; font-size: {small}pt; font-weight: 600; }}
#CanvasBar {{ background: {t.panel}; border-bottom: 1px solid {t.border}; }}
#FindBar, #Crumbs {{ background: {t.raised}; border: 1px solid {t.border}; border-radius: 8px; }}
#FindBar QLineEdit {{ background: transparent; border: none; padding: 2px {s}px; }}
#Shortcuts QTreeView::item {{ padding: 3px 0; }}
#Tabs {{ background: {t.window}; }}
#Tabs > QTabBar::tab {{ padding: 6px {s}px 6px {l}px; min-width: 90px; max-width: 260px; }}
#Welcome, #WelcomePage {{ background: {t.window}; }}
#RecentFile {{ text-align: left; background: transparent; border-color: transparent; }}
#RecentFile:hover {{ background: {t.hover}; }}
#RecentFile:focus {{ border-color: {t.focus}; }}
#CommandPalette {{ background: {t.panel}; border: 1px solid {t.border}; border-radius: 10px; }}
#CommandPalette QLineEdit {{ padding: 6px {m}px; }}
#CommandPalette QListView {{ background: transparent; outline: none; }}
#Completions, #DocCard {{ background: {t.raised}; border: 1px solid {t.border};
  border-radius: {radius}px; }}
#DocCard QAbstractScrollArea {{ background: transparent; }}
#Notice {{ background: {t.raised}; border: 1px solid {t.border}; border-radius: 8px; }}
#Notice[shelf="true"] {{ border-radius: 0; border-width: 0 0 1px 0; }}
#Notice[kind="error"] {{ border-color: {t.error}; }}
"""


def style_sheet(theme: Theme) -> str:
    """Return the style sheet of the whole application in `theme`."""
    files = {
        "check": ("icons", "check.svg"),
        "up": ("controls", "step_up.svg"),
        "down": ("controls", "step_down.svg"),
    }
    paths = {name: resources.path(*parts).as_posix() for name, parts in files.items()}
    return _SHEET.format(
        t=theme, ui=UI_FONT, mono=MONO_FONT, radius=RADIUS, **paths, **SIZES, **SPACE
    )


def dress(theme: Theme) -> None:
    """Give the application the colours of `theme`.

    Widgets that are there are polished anew, which takes long: before the first is the time.
    """
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    sheet = style_sheet(theme)
    if application.styleSheet() != sheet:
        application.setPalette(palette(theme))
        application.setStyleSheet(sheet)


def palette(theme: Theme) -> QPalette:
    """Return the palette for what a style sheet does not reach: text edits, links, item views."""
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    made = QPalette()
    for key, colour in {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.panel,
        role.AlternateBase: theme.raised,
        role.Text: theme.text,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Highlight: theme.selection,
        role.HighlightedText: theme.text,
        role.PlaceholderText: theme.text_faint,
        role.Link: theme.focus,
        role.Mid: theme.border,
    }.items():
        made.setColor(key, QColor(colour))
    for key in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(group.Disabled, key, QColor(theme.text_faint))
    return made
