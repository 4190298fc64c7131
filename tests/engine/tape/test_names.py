"""What tensors are called after a cell: parameters keep their path, loops leave no names."""

from __future__ import annotations

from typing import Any

import pytest
from cells import run_cell

import engine as torch
from engine.tape.record.transcript import Transcript
from engine.tape.recorder import Recorder

_MODEL = "model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))\n"


def called(*cells: str) -> dict[str, str | None]:
    """Run cells; return what each variable's tensor is called in the end, by variable."""
    recorder, names = Recorder(), {"torch": torch, "nn": torch.nn}
    with recorder:
        for i, source in enumerate(cells):
            run_cell(recorder, f"c{i}", source, names)
    assert recorder.failure is None
    tape = recorder.tape()
    found = {name: thing for name, thing in names.items() if isinstance(thing, torch.Tensor)}
    return {name: tape.name_of(_id(tensor)) for name, tensor in found.items()}


def _id(tensor: Any) -> int:
    return int(tensor._tid) % (1 << 40)


@pytest.mark.parametrize(
    "loop",
    [
        "for name, p in model.named_parameters():\n    p.data.mul_(0.5)",
        "p = next(model.parameters())\nfor p in model.parameters():\n    pass",
        "p = model[2].bias",
        "p = [w for w in model.parameters()][-1]",
    ],
)
def test_a_parameter_keeps_its_path_where_a_variable_holds_it(loop: str) -> None:
    assert called(_MODEL, loop)["p"] == "2.bias"
    assert called(_MODEL + loop)["p"] == "2.bias"


def test_a_tensor_made_as_a_variable_keeps_that_name_in_a_module() -> None:
    own = "w = nn.Parameter(torch.ones(2))\n"
    module = "net = nn.Linear(2, 1)\nnet.weight = w\n"
    assert called(own, module)["w"] == "w"
    assert called(own + module)["w"] == "w"
    assert (
        called("from engine.nn import Parameter\nw = Parameter(torch.ones(2))\n" + module)["w"]
        == "w"
    )


def test_a_loop_variable_names_only_what_has_no_other_name() -> None:
    names = called(
        "for q in [torch.zeros(1)]:\n    pass\n",
        "w = torch.ones(2, requires_grad=True)\nb = torch.zeros(2, requires_grad=True)\n"
        "batches = [torch.ones(2), torch.ones(2)]\n"
        "for q in (w, b):\n    pass\n"
        "for x in batches:\n    pass\n"
        "for y in (t * 2 for t in batches):\n    pass\n",
    )
    assert names == {"w": "w", "b": "b", "q": "b", "x": "batches[1]", "y": "y"}


def test_a_loss_function_does_not_make_a_second_model() -> None:
    names = called(_MODEL + "criterion = nn.CrossEntropyLoss()\np = model[0].weight\n")
    assert names["p"] == "0.weight"


def test_a_cell_with_magics_is_read_all_the_same() -> None:
    recorder, names = Recorder(), {"nn": torch.nn, "torch": torch}
    with recorder:
        recorder.begin_cell("a", "%matplotlib inline\nw = nn.Parameter(torch.ones(1))", 1)
        net = torch.nn.Linear(1, 1)
        names |= {"w": net.weight, "net": net, "_": net.bias, "_3": net.bias}
        recorder.end_cell(names)
    tape = recorder.tape()
    assert tape.name_of(_id(net.weight)) == "w"
    assert tape.name_of(_id(net.bias)) == "bias"


def test_a_leaf_whose_name_is_given_away_keeps_what_it_was_called_in_use() -> None:
    recorder, names = Recorder(), {"torch": torch}
    source = """
x, w = torch.ones(3, 2), torch.zeros(2, requires_grad=True)
loss = (x @ w).sum()
loss.backward()
w = w - w.grad
"""
    with recorder:
        run_cell(recorder, "c", source, names)
    tape = recorder.tape()
    first = int(tape.inputs["value"][1])
    assert tape.label(first) == "w"
    assert tape.name_of(int(tape.values["tensor"][first])) == "w"


@pytest.mark.parametrize("use", ["p * 2", "torch.exp(p)", "p.exp()", "2 - p"])
def test_a_parameter_is_not_called_as_where_it_is_used(use: str) -> None:
    assert called(_MODEL + f"for p in model.parameters():\n    {use}")["p"] == "2.bias"


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("out, hidden = rnn(x)", ["out", "hidden"]),
        ("out, (h, c) = lstm(x)", ["out", "h", "c"]),
        ("a, _ = rnn(x)", ["a", "_"]),
        ("a, *b = rnn(x)", []),
        ("high, at = x.max(1)", ["high", "at"]),
        ("a, b = torch.chunk(x, 2, -1)", ["a", "b"]),
    ],
)
def test_what_a_call_is_unpacked_to_has_these_names(call: str, names: list[str]) -> None:
    """Inside of a function too, whose variables are gone as the cell ends."""
    recorder, known = Recorder(), {"torch": torch, "nn": torch.nn}
    source = (
        "rnn, lstm = nn.RNN(2, 3), nn.LSTM(2, 3)\n"
        "x = torch.ones(4, 1, 2, requires_grad=True)\n"
        f"def f(x):\n    {call}\nf(x)\n"
    )
    with recorder:
        run_cell(recorder, "c", source, known)
    tape = recorder.tape()
    found = [tape.text(text) for text in tape.names["text"].tolist()]
    assert [name for name in found if name != "x" and "_l0" not in name] == names


def names_inside(body: list[str]) -> list[str]:
    """Return the names that tensors are given in a function, which no cell's end knows."""
    recorder, known = Recorder(), {"torch": torch, "nn": torch.nn}
    source = "net, rnn = nn.Linear(2, 1), nn.RNN(2, 3)\ndef f():\n"
    with recorder:
        run_cell(recorder, "c", source + "".join(f"    {line}\n" for line in body) + "f()\n", known)
    tape = recorder.tape()
    found = [tape.text(text) for text in tape.names["text"].tolist()]
    return [name for name in found if "weight" not in name and "bias" not in name]


def test_data_that_a_model_is_called_with_has_its_name_in_every_round() -> None:
    body = [
        "opt = torch.optim.SGD(net.parameters(), lr=0.1)",
        "for _ in range(3):",
        "    batch = torch.ones(3, 2)",
        "    net(batch).sum().backward()",
        "    opt.step()",
    ]
    assert names_inside(body) == ["batch"] * 3


def test_what_a_layer_makes_for_itself_is_not_called_as_its_argument() -> None:
    body = ["x = torch.ones(4, 1, 2)", "y = x * 2", "rnn(x)", "rnn(y)"]
    assert names_inside(body) == ["x", "y"]


@pytest.mark.parametrize(
    ("calls", "names"),
    [(["w, b = g(x)"], ["w", "b"]), (["w, b = g(x)", "c, d = g(x)"], []), (["w = g(x)"], [])],
)
def test_what_a_function_returns_has_the_names_that_all_its_calls_give(
    calls: list[str], names: list[str]
) -> None:
    body = ["def g(y):", "    return y * 2, y.exp()", "x = torch.ones(2)", *calls]
    assert [name for name in names_inside(body) if name != "y"] == names


def test_layers_in_a_plain_list_of_a_module_are_named_after_it() -> None:
    source = (
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.layers, self.by = [nn.Linear(2, 2)], {'a': nn.Linear(2, 2)}\n"
        "net = Net()\nw, b = net.layers[0].weight, net.by['a'].bias\n"
    )
    names = called(source, "y = (net.layers[0](b) + net.by['a'](b)).sum()")
    assert (names["w"], names["b"]) == ("layers[0].weight", "by['a'].bias")


_TRAIN = """
def train(net, x):
    for step in range(3):
        net(x).sum().backward()
"""
_MAIN = (
    _TRAIN
    + """
def main():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    train(model, torch.ones(1, 2))
main()
"""
)


def _served(recorder: Recorder) -> set[str | None]:
    tape = recorder.tape()
    return {tape.name_of(int(tensor)) for tensor in tape.grads["tensor"]}


def test_parameters_of_a_model_that_only_a_function_knows_have_their_paths() -> None:
    recorder = Recorder()
    with recorder:
        run_cell(recorder, "c", _MAIN, {"torch": torch, "nn": torch.nn})
    assert _served(recorder) == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_of_two_such_models_the_names_say_which() -> None:
    two = """
def main():
    a, b = nn.Linear(2, 2), nn.Linear(2, 1)
    b(a(torch.ones(1, 2))).backward()
main()
"""
    recorder = Recorder()
    with recorder:
        run_cell(recorder, "c", two, {"torch": torch, "nn": torch.nn})
    assert _served(recorder) == {"a.weight", "a.bias", "b.weight", "b.bias"}


def test_parameters_have_their_names_while_the_cell_still_runs() -> None:
    recorder = Recorder()
    seen: list[set[str | None]] = []
    names = {"torch": torch, "nn": torch.nn, "look": lambda: seen.append(_served(recorder))}
    source = (
        "model = nn.Linear(2, 1)\nhead = nn.Linear(1, 1)\n"
        "for step in range(2):\n    head(model(torch.ones(1, 2))).backward()\nlook()\n"
    )
    with recorder:
        recorder.begin_cell("c", source, 1, lambda: names)
        exec(compile(source, "<c>", "exec"), names)
        recorder.end_cell(names)
    assert seen == [{"model.weight", "model.bias", "head.weight", "head.bias"}]
    assert _served(recorder) == seen[0]


def test_parameters_can_be_named_before_the_first_pass() -> None:
    recorder = Recorder()
    seen = list[set[str | None]]()

    def look() -> None:
        recorder.asked(Transcript.name_parameters)
        tape = recorder.tape()
        seen.append({tape.name_of(tensor) for tensor in range(4)})

    names = {"torch": torch, "nn": torch.nn, "look": look}
    source = "model = nn.Linear(2, 1)\nout = model(torch.ones(1, 2))\nlook()\n"
    with recorder:
        recorder.begin_cell("c", source, 1, lambda: names)
        exec(compile(source, "<c>", "exec"), names)
        recorder.end_cell(names)
    assert {"weight", "bias"} <= seen[0]
