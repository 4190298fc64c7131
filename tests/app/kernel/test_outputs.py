"""Outputs of a cell: merging, limits, clearing, updates."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.messages import OutputLimit
from app.kernel.outputs import CellOutputs, append_outputs


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def show(outputs: CellOutputs, text: str, display: str | None = None) -> None:
    transient = {"display_id": display} if display else {}
    outputs.feed("display_data", {"data": {"text/plain": text}, "transient": transient})


def test_printed_text_is_merged_by_stream() -> None:
    outputs = CellOutputs()
    for name, text in [("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "d")]:
        outputs.feed("stream", {"name": name, "text": text})
    assert outputs.take() == (False, [stream("ab"), stream("c", "stderr"), stream("d")])
    assert outputs.take() == (False, [])


def test_what_was_taken_is_not_given_again() -> None:
    outputs = CellOutputs()
    outputs.feed("stream", {"name": "stdout", "text": "a"})
    outputs.take()
    outputs.feed("stream", {"name": "stdout", "text": "b"})
    show(outputs, "x")
    (_, new) = outputs.take()
    assert [output["output_type"] for output in new] == ["stream", "display_data"]
    assert new[0]["text"] == "b"


def test_waiting_clear_comes_with_the_next_output() -> None:
    outputs = CellOutputs()
    show(outputs, "old")
    outputs.take()
    outputs.feed("clear_output", {"wait": True})
    assert outputs.take() == (False, [])
    show(outputs, "new")
    cleared, new = outputs.take()
    assert cleared
    assert [output["data"]["text/plain"] for output in new] == ["new"]


def test_an_update_shows_the_cell_anew() -> None:
    outputs = CellOutputs()
    outputs.feed("stream", {"name": "stdout", "text": "before\n"})
    show(outputs, "first", "d")
    outputs.take()
    outputs.update("d", {"data": {"text/plain": "second"}})
    cleared, new = outputs.take()
    assert cleared
    assert new[0] == stream("before\n")
    assert new[1]["data"] == {"text/plain": "second"}


def test_an_error_comes_after_the_tail() -> None:
    outputs = CellOutputs(OutputLimit(characters=10))
    outputs.feed("stream", {"name": "stdout", "text": "0123456789abcdefghij"})
    outputs.feed("error", {"ename": "E", "evalue": "v", "traceback": ["t"]})
    _, new = outputs.take()
    assert [output["output_type"] for output in new] == ["stream", "stream", "stream", "error"]
    assert new[0]["text"] == "01234"
    assert "10 characters" in new[1]["text"]
    assert new[2]["text"] == "fghij"


def test_too_many_displays_are_counted() -> None:
    outputs = CellOutputs(OutputLimit(outputs=2))
    for number in range(5):
        show(outputs, str(number))
    outputs.end()
    _, new = outputs.take()
    assert [o["data"]["text/plain"] for o in new[:2]] == ["0", "1"]
    assert "3 outputs left out" in new[2]["text"]


def test_clearing_makes_room_again() -> None:
    outputs = CellOutputs(OutputLimit(outputs=1))
    for number in range(3):
        outputs.feed("clear_output", {"wait": False})
        show(outputs, str(number))
    outputs.end()
    cleared, new = outputs.take()
    assert cleared
    assert [o["data"]["text/plain"] for o in new] == ["2"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["stdout", "stderr"]),
            st.text(alphabet="ab\n", max_size=30),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.integers(2, 60),
)
def test_nothing_exceeds_the_limit_and_both_ends_are_kept(
    writes: list[tuple[str, str, bool]], characters: int
) -> None:
    outputs = CellOutputs(OutputLimit(characters=characters))
    shown: list[dict[str, Any]] = []
    for name, text, look in writes:
        outputs.feed("stream", {"name": name, "text": text})
        if look:
            append_outputs(shown, outputs.take()[1])
    outputs.end()
    append_outputs(shown, outputs.take()[1])
    all_text = "".join(text for _, text, _ in writes)
    parts = re.split(r"\n\[… .* left out …\]\n", "".join(output["text"] for output in shown))
    half = characters // 2
    if len(all_text) <= 2 * half:
        assert parts == [all_text]
    else:
        assert parts == [all_text[:half], all_text[len(all_text) - half :]]
