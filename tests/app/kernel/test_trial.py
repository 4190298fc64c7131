"""A line is tried in the kernel without a trace; the tensors that a line can name are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.app.kernel.conftest import Heard

SECONDS = 20


def tried(heard: Heard, source: str, result: str = "") -> dict[str, Any]:
    """Try a line and wait for what is said of it."""
    said: dict[int, dict[str, Any]] = {}
    heard.kernel.tried.connect(said.__setitem__)
    token = heard.kernel.try_line(source, result)
    heard.settle(lambda: token in said, SECONDS)
    heard.kernel.tried.disconnect()
    return said[token]


def listed(heard: Heard) -> list[dict[str, Any]]:
    """Ask for the tensors and wait for them."""
    said: dict[int, dict[str, Any]] = {}
    heard.kernel.listed.connect(said.__setitem__)
    token = heard.kernel.list_tensors()
    heard.settle(lambda: token in said, SECONDS)
    heard.kernel.listed.disconnect()
    found: list[dict[str, Any]] = said[token]["tensors"]
    return found


def test_a_line_that_can_run_says_what_it_gives(shared: Heard) -> None:
    shared.run("import torch\nx = torch.ones(3, 4, requires_grad=True)\nw = torch.ones(4, 2)")
    assert tried(shared, "t1 = torch.matmul(x, w)", "t1") == {
        "status": "ok",
        "shown": "float32 (3, 2), requires grad",
    }
    assert tried(shared, "t1 = w.sum()", "t1")["shown"] == "float32 () = 8"
    assert tried(shared, "t1 = w.chunk(2)", "t1")["shown"] == "float32 (2, 2); float32 (2, 2)"


def test_a_wrong_shape_is_refused_in_the_engines_words(shared: Heard) -> None:
    shared.run("import torch\nx = torch.ones(3, 4)\nv = torch.ones(5, 2)")
    assert tried(shared, "t1 = torch.matmul(x, v)", "t1") == {
        "status": "error",
        "ename": "RuntimeError",
        "evalue": "mat1 and mat2 shapes cannot be multiplied (3x4 and 5x2)",
    }
    assert tried(shared, "t1 = torch.matmul(x,")["ename"] == "SyntaxError"
    assert tried(shared, "t1 = nowhere + 1")["evalue"] == "name 'nowhere' is not defined"


def test_a_trial_leaves_no_trace(shared: Heard) -> None:
    shared.run(
        "import torch\ntorch.manual_seed(3)\nw = torch.ones(2, requires_grad=True)\n"
        "y = (w * w).sum()\nz = torch.zeros(2)"
    )
    before = len(shared.signals)
    for line in ("y.backward()", "z.add_(1)", "z = torch.rand(2)", "print('seen')", "del w"):
        assert tried(shared, line)["status"] == "ok", line
    assert not [s for s in shared.signals[before:] if s[0] in ("outputs", "tape_grew")]
    key = shared.run("print(w.grad, z.tolist())\ny.backward()\nprint(torch.rand(1).item())")
    fresh = shared.run("torch.manual_seed(3); print(torch.rand(1).item())")
    first, second = shared.printed(key).splitlines()
    assert first == "None [0.0, 0.0]"
    assert second == shared.printed(fresh).strip()


def test_what_ends_or_hangs_does_so_in_the_trial_only(shared: Heard) -> None:
    shared.run("import os, time")
    assert tried(shared, "os._exit(1)")["status"] == "unknown"
    assert tried(shared, "os.abort()")["status"] == "unknown"
    assert "5 s" in tried(shared, "time.sleep(60)")["why"]
    assert shared.value("1 + 1") == "2"


def test_tensors_are_told_by_what_a_line_calls_them(shared: Heard) -> None:
    shared.run(
        "import torch\nfrom torch import nn\nx = torch.ones(3, 4)\n"
        "net = nn.Sequential(nn.Linear(4, 2), nn.ReLU())\nlayer = net[0]\nout = net(x)"
    )
    found = {one["name"]: one for one in listed(shared)}
    assert {"x", "out", "net[0].weight", "net[0].bias"} <= found.keys()
    assert not any(name.startswith("layer") for name in found)  # it is the net's
    assert found["net[0].weight"]["shape"] == [2, 4]
    assert found["net[0].weight"]["leaf"]
    assert not found["out"]["leaf"]
    assert found["out"]["requires_grad"]
    numbers = [one["tensor"] for one in found.values() if one["name"] in ("x", "out")]
    assert all(number >= 0 for number in numbers)
    assert len(set(numbers)) == 2
