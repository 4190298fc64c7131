"""What the recorder notes beside tensors: names, lines of code, errors, modules, prints."""

from __future__ import annotations

from typing import Any

import numpy as np
from cells import kinds, ops, run_cell, tensor, tid

import engine as torch
from engine.tape import replay
from engine.tape.recorder import Recorder
from engine.tape.schema import Mark, ValueFlag


def test_names_of_variables_models_and_containers() -> None:
    with Recorder() as recorder:
        recorder.begin_cell("a", "", 1)
        w, hidden, state = tensor([1.0]), [tensor([2.0]), tensor([3.0])], {"h": tensor([4.0])}
        model = torch.nn.Linear(2, 1)
        recorder.end_cell({"w": w, "hidden": hidden, "state": state, "model": model, "_": w})
    tape = recorder.tape()
    assert sorted(tape.text(int(t)) for t in tape.names["text"]) == [
        "bias", "hidden[0]", "hidden[1]", "state['h']", "w", "weight",
    ]  # fmt: skip
    assert tape.name_of(tid(w)) == "w"


def test_parameters_of_several_models_are_told_apart() -> None:
    with Recorder() as recorder:
        recorder.begin_cell("a", "", 1)
        one, two = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
        recorder.end_cell({"one": one, "two": two})
    tape = recorder.tape()
    names = {tape.text(int(t)) for t in tape.names["text"]}
    assert names == {"one.weight", "one.bias", "two.weight", "two.bias"}
    parameters = tape.values[(tape.values["flags"] & ValueFlag.PARAMETER) > 0]
    assert len(np.unique(parameters["tensor"])) == 4


def test_a_name_moves_on_but_old_tensors_keep_theirs() -> None:
    recorder = Recorder()
    names: dict[str, Any] = {"torch": torch}
    with recorder:
        run_cell(recorder, "a", "y = torch.tensor([1.0]) * 2\n", names)
        run_cell(recorder, "b", "y = y * 3\n", names)
    tape = recorder.tape()
    labels = [tape.label(int(v)) for v in tape.ops["out0"]]
    assert labels == ["y", "y"]
    assert tape.name_of(int(tape.values["tensor"][int(tape.ops["out0"][0])]), 1) == "y"


def test_places_are_lines_of_cells() -> None:
    recorder = Recorder()
    names: dict[str, Any] = {"torch": torch}
    with recorder:
        run_cell(recorder, "one", "def f(x):\n    return x * 2\n", names)
        run_cell(recorder, "two", "x = torch.tensor([1.0])\n\ny = f(x)\nz = y + 1\n", names)
        run_cell(recorder, "three", "z = y + 1\n", names)
        run_cell(recorder, "four", "z = y + 1\n", names)
    tape = recorder.tape()
    places = [tape.source(int(tape.events["loc"][event])) for event in tape.ops["event"]]
    assert [(p.cell, p.line, p.function) for p in places] == [
        ("one", 2, "f"), ("two", 4, ""), ("three", 1, ""), ("four", 1, ""),
    ]  # fmt: skip
    cells = tape.events["cell"][tape.ops["event"]]
    assert [tape.text(int(tape.cells["key"][c])) for c in cells] == ["two", "two", "three", "four"]


def test_an_error_is_marked_at_its_line_and_the_rest_is_kept() -> None:
    recorder = Recorder()
    names: dict[str, Any] = {"torch": torch}
    source = "x = torch.ones(2, requires_grad=True)\ny = x * 2\ny.backward()\n"
    with recorder:
        run_cell(recorder, "bad", source, names)
        run_cell(recorder, "good", "y.sum().backward()\n", names)
    tape = recorder.tape()
    errors = tape.marks[tape.marks["kind"] == Mark.ERROR]
    assert len(errors) == 1
    assert tape.text(int(errors["text"][0])).startswith("RuntimeError: grad can be implicitly")
    place = tape.source(int(tape.events["loc"][int(errors["event"][0])]))
    assert (place.cell, place.line) == ("bad", 3)
    assert ops(tape) == ["mul", "sum"]
    assert int(errors["event"][0]) in replay.stops(tape)


def test_calls_of_modules_are_scopes() -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)

        def forward(self, x: Any) -> Any:
            return self.second(self.first(x).tanh())

    net = Net()
    with Recorder() as recorder:
        net(torch.ones(1, 2)) + 1
    tape = recorder.tape()
    found = [
        (int(row["parent"]), tape.text(int(row["name"])), tape.text(int(row["type"])))
        for row in tape.scopes
    ]
    assert found == [
        (-1, "", ""), (0, "net", "Net"), (1, "first", "Linear"), (1, "second", "Linear"),
    ]  # fmt: skip
    assert tape.ops["scope"].tolist()[-1] == 0
    assert set(tape.ops["scope"].tolist()) == {0, 1, 2, 3}


def test_modules_in_a_list_are_called_by_their_place_in_it() -> None:
    convs = torch.nn.ModuleList([torch.nn.Linear(2, 2) for _ in range(2)])
    with Recorder() as recorder:
        h = torch.ones(1, 2)
        for conv in convs:
            h = conv(h)
    tape = recorder.tape()
    names = [tape.text(int(name)) for name in tape.scopes["name"]]
    assert names == ["", "convs.0", "convs.1"]


def test_printed_lines_stand_where_they_were_printed() -> None:
    with Recorder() as recorder:
        x = tensor([1.0]) * 2
        recorder.printed("hello")
        _ = x + 1
    tape = recorder.tape()
    assert kinds(tape) == ["LEAF", "OP", "MARK", "OP"]
    assert tape.text(int(tape.marks["text"][0])) == "hello"


def test_an_assignment_names_the_result_of_its_last_operation() -> None:
    recorder = Recorder()
    source = (
        "def f(a):\n"
        "    inner = a * 2\n"
        "    return inner + 1\n"
        "for i in range(2):\n"
        "    h = f(torch.ones(2)).tanh()\n"
        "    loss = ((h - 1) * 3).sum()\n"
    )
    with recorder:
        run_cell(recorder, "a", source, {"torch": torch})
    tape = recorder.tape()
    labels = [tape.label(int(v)) for v in tape.ops["out0"]]
    once = ["inner", None, "h", None, None, "loss"]
    assert [label if label[0] != "t" else None for label in labels] == once + once
