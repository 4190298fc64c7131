"""Names cut to a width: what tells them apart is left."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetricsF

from ui.fonts import cut_name, ui_font

pytestmark = pytest.mark.usefixtures("qapp")


def test_a_name_keeps_both_ends_and_an_operation_its_beginning() -> None:
    metrics = QFontMetricsF(ui_font("heading"))
    name = "layers.1.attention.qkv.bias"
    assert cut_name(metrics, name, 1000) == name
    short = cut_name(metrics, name, metrics.horizontalAdvance(name) * 0.7)
    assert short.startswith("layers.") and short.endswith(".bias") and "…" in short
    word = "binary_cross_entropy_with_logits"
    short = cut_name(metrics, word, metrics.horizontalAdvance(word) * 0.7)
    assert short.startswith("binary_cross") and short.endswith("…")


def test_what_is_cut_still_says_where_it_leads() -> None:
    metrics, words = QFontMetricsF(ui_font("body")), "AccumulateGrad → layers.3.weight.grad"
    for share in (0.4, 0.6, 0.8):
        width = metrics.horizontalAdvance(words) * share
        short = cut_name(metrics, words, width)
        assert " → " in short
        assert metrics.horizontalAdvance(short) <= width
