"""The engine imports quickly: operations come with their rooms, and `ROOMS` says which."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import engine as torch
from engine import missing
from engine.ops import rooms

_ROOT = Path(__file__).parents[2]
_PUBLISHED = """
import json
from importlib import import_module
import engine
from engine.ops import FUNCTIONS, GRAPH, OPS, RAW, rooms
from engine.tensor import Tensor

def published():
    real = {n for n, v in Tensor.__dict__.items() if not isinstance(v, rooms._Later)}
    return set(FUNCTIONS), real, {*OPS, *RAW.__dict__, *GRAPH.__dict__}

before = published()
lacking = []
for room, names in rooms.ROOMS.items():
    import_module(f"engine.ops.{room}")
    functions, methods, rows = published()
    both = set(names.both.split())
    for listed, there in (
        (both | set(names.functions.split()), functions),
        (both | set(names.methods.split()), methods),
        (names.rows.split(), rows),
    ):
        lacking += [f"{room}: {name}" for name in listed if name not in there]
after = published()
functions, methods, rows = (sorted(a - b) for a, b in zip(after, before))
print(json.dumps([lacking, functions, methods, rows]))
"""


def _run(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    return done.stdout


def test_the_list_of_rooms_says_what_they_publish() -> None:
    lacking, functions, methods, rows = json.loads(_run(_PUBLISHED))
    assert not lacking
    assert set(functions) == rooms.functions()
    assert set(methods) == rooms.methods()
    assert {n for n in rows if not n.startswith("_")} <= {
        name for names in rooms.ROOMS.values() for name in " ".join(names).split()
    }


def test_importing_the_engine_loads_no_room_and_nothing_slow() -> None:
    loaded = set(_run("import sys, engine; print(*sys.modules)").split())
    assert not loaded & {f"engine.ops.{room}" for room in rooms.ROOMS}
    assert not loaded & {"engine.nn", "engine.random", "engine.printing", "numpy.random"}
    assert not loaded & {"dataclasses", "engine.autograd.passes"}


def test_a_table_knows_what_a_room_will_bring() -> None:
    code = (
        "from engine.ops import FUNCTIONS, OPS\n"
        "print('det' in FUNCTIONS, OPS.get('cumsum'), OPS.get('dett'), 'dett' in OPS)"
    )
    assert _run(code).strip() == "True <op cumsum(self, dim) [reduction]> None False"


@pytest.mark.parametrize(
    "code",
    {
        "print((2 * torch.ones(2) + 1 == 3).all())": "tensor(True)",
        "print(-torch.ones(2) @ torch.ones(2))": "tensor(-2.)",
        "print(torch.Tensor.det(torch.eye(2)))": "tensor(1.)",
        "t = torch.ones(1); t.mean = 4; print(t.mean)": "4",
        "import warnings; warnings.simplefilter('error')\nwith warnings.catch_warnings(record=True) as w:"
        "\n    warnings.simplefilter('always'); torch.ones(1).T; torch.ones(1).T"
        "\nprint({one.filename for one in w}, len(w))": "{'<string>'} 1",
        "print(hash(t := torch.ones(1)) == id(t), len(t), bool(t), [*t])":
            "True 1 True [tensor(1.)]",
        "torch.Tensor.own = 3; t = torch.ones(1); t.spare = 4; print(t.own, t.spare)": "3 4",
        "print(hasattr(torch, 'det'), hasattr(torch, 'dett'), hasattr(torch.Tensor, 'dett'))":
            "True False False",
        "from torch import *; print(det(eye(2)), autograd.grad.__name__)": "tensor(1.) grad",
        "import torch.nn.functional as F; from torch import nn; print(F.relu(torch.ones(1)))":
            "tensor([1.])",
        "torch.manual_seed(0); print(torch.rand(1))": "tensor([0.4963])",
        "\nclass Mine(torch.Tensor): pass\nprint(torch.ones(1).as_subclass(Mine) + 1)": "Mine([2.])",
        "print(torch.vmap(torch.neg)(torch.ones(1)))": "tensor([-1.])",
        "import warnings; warnings.simplefilter('ignore')\n"
        "fw = torch.autograd.forward_ad\nwith fw.dual_level(): "
        "print(fw.unpack_dual(-fw.make_dual(torch.ones(1), torch.ones(1)))[1])": "tensor([-1.])",
    }.items(),
    ids=lambda case: case[0],
)  # fmt: skip
def test_the_first_use_of_a_name_finds_it(code: tuple[str, str]) -> None:
    start = "from app.kernel.inside import imports; imports.install(); import torch; "
    assert _run(start + code[0]).strip() == code[1]


def test_a_subclass_reaches_what_it_overrides() -> None:
    code = (
        "import engine as torch\n"
        "class Mine(torch.Tensor):\n"
        "    def det(self): return 'mine', super().det()\n"
        "print(torch.eye(2).as_subclass(Mine).det()[0])"
    )
    assert _run(code).strip() == "mine"


def test_the_order_in_which_rooms_load_changes_nothing() -> None:
    code = """
import engine
from engine.ops import FUNCTIONS, GRAPH, RAW, rooms
from engine.tensor import Tensor
rooms.load_all({order}(rooms.ROOMS))
for table in (FUNCTIONS, RAW.__dict__, GRAPH.__dict__, dict(Tensor.__dict__)):
    print({{n: (getattr(v, "__module__", ""), getattr(v, "__qualname__", ""), c.co_firstlineno
            if (c := getattr(v, "__code__", None)) else 0)
            for n, v in sorted(table.items(), key=lambda item: item[0])}})
"""
    assert _run(code.format(order="list")) == _run(code.format(order="reversed"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lstm", "use the classes of torch.nn"),
        ("sparse_coo_tensor", "sparse tensors are not supported"),
    ],
)
def test_a_name_of_pytorch_that_is_missing_says_what_to_do(name: str, words: str) -> None:
    with pytest.raises(AttributeError, match=f"'torch' has no attribute '{name}' here.*{words}"):
        getattr(torch, name)
    assert not hasattr(torch, name)


def test_what_is_said_to_be_missing_is_missing() -> None:
    assert not [name for name in missing.WORDS if name in dir(torch)]
