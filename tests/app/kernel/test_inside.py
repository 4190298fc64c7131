"""What the person's code finds in its process."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.app.kernel.conftest import Heard

MakeKernel = Callable[..., "Heard"]


def test_torch_is_the_engine_under_both_names(shared: Heard) -> None:
    key = shared.run(
        "import torch, torch.nn, torch.nn.functional as F\n"
        "import engine, engine.nn.functional\n"
        "from torch import nn\n"
        "print(torch is engine, nn is engine.nn, F is engine.nn.functional)\n"
        "print(torch.__spec__.name, torch.nn.__spec__.name, torch.nn.__name__)"
    )
    assert shared.printed(key) == "True True True\nengine engine.nn torch.nn\n"


def test_an_installed_torch_is_not_looked_at(make_kernel: MakeKernel, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemError('the wrong torch')")
    heard = make_kernel()
    heard.start(tmp_path)
    assert heard.value("import torch, engine; torch is engine") == "True"


@pytest.mark.parametrize("name", ["torch.nothing", "torch.nn.nothing.at.all", "torch.tape"])
def test_what_the_engine_lacks_says_what_there_is(shared: Heard, name: str) -> None:
    reply = shared.reply(shared.run(f"import {name}"))
    assert reply.ename == "ModuleNotFoundError"
    assert reply.evalue.startswith("No module named 'torch.")
    assert "torch.nn" in reply.evalue
    assert reply.line == 1
    assert "imports.py" not in "".join(reply.traceback)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("torch.linalg.nothing", "module 'torch.linalg' has no attribute 'nothing'"),
        ("torch.cuda.nothing", "module 'torch.cuda' has no attribute 'nothing'"),
        ("from torch import nothing", "cannot import name 'nothing' from 'torch'"),
        ("from torch.nn import Liner", "cannot import name 'Liner' from 'torch.nn'"),
        ("from torch.linalg import nothing", "cannot import name 'nothing' from 'torch.linalg'"),
        ("from torch import fx", "No module named 'torch.fx': compiled programs are not supported"),
        ("import torch.nested", "No module named 'torch.nested': nested tensors are not supported"),
        ("from torch.distributed import rpc", "several processes are not supported"),
    ],
)
def test_names_that_are_missing_are_told_by_pytorchs_modules(
    shared: Heard, line: str, message: str
) -> None:
    assert message in shared.reply(shared.run(f"import torch, torch.linalg\n{line}")).evalue


def test_imports_of_old_places_work(shared: Heard) -> None:
    key = shared.run(
        "import torch.backends.cudnn as cudnn\n"
        "from torch.autograd.variable import Variable\n"
        "from torch.distributions.normal import Normal\n"
        "from torch.cuda.amp import GradScaler, autocast\n"
        "print(cudnn.benchmark, Normal(0, 1), torch.version.cuda)"
    )
    assert shared.printed(key) == "False Normal(loc: 0.0, scale: 1.0) None\n"


def test_a_generator_shows_as_pytorchs_does(shared: Heard) -> None:
    reply = shared.value("torch.manual_seed(0)")
    assert re.fullmatch(r"<torch\._C\.Generator at 0x[0-9a-f]+>", reply)


def test_companions_of_torch_are_refused_with_a_reason(shared: Heard) -> None:
    reply = shared.reply(shared.run("from torchvision import datasets"))
    assert reply.ename == "ModuleNotFoundError"
    assert "does not ship torchvision" in reply.evalue


def test_other_missing_modules_are_reported_as_ever(shared: Heard) -> None:
    reply = shared.reply(shared.run("import no_such_module_anywhere"))
    assert reply.evalue == "No module named 'no_such_module_anywhere'"


def test_modules_with_our_names_are_the_persons(make_kernel: MakeKernel, tmp_path: Path) -> None:
    for name in ("app", "ui", "resources", "tests"):
        (tmp_path / f"{name}.py").write_text(f"whose = 'mine: {name}'")
    heard = make_kernel()
    heard.start(tmp_path)
    key = heard.run(
        "import app, ui, resources, tests\n"
        "print(app.whose, ui.whose, resources.whose, tests.whose, sep='; ')"
    )
    assert heard.printed(key) == "mine: app; mine: ui; mine: resources; mine: tests\n"


def test_a_module_that_hides_the_standard_librarys_does_no_harm(
    make_kernel: MakeKernel, tmp_path: Path
) -> None:
    for name in ("queue", "token", "types", "select"):
        (tmp_path / f"{name}.py").write_text("raise SystemError('not this one')")
    heard = make_kernel()
    heard.start(tmp_path)
    assert heard.value("6 * 7") == "42"


def test_the_folder_is_the_documents(make_kernel: MakeKernel, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("answer = 42")
    heard = make_kernel()
    heard.start(tmp_path)
    assert heard.value("import helper; helper.answer") == "42"
    assert Path(ast.literal_eval(heard.value("import os; os.getcwd()"))) == tmp_path.resolve()


def test_how_it_was_started_does_not_show(shared: Heard) -> None:
    assert shared.value("import sys; sys.argv") == "['']"
    assert shared.value("__name__") == "'__main__'"
    path = os.environ.get("PYTHONPATH", "none")
    assert shared.value("import os; os.environ.get('PYTHONPATH', 'none')") == repr(path)


def test_autoreload_runs_and_leaves_the_engine_alone(
    make_kernel: MakeKernel, tmp_path: Path
) -> None:
    helper = tmp_path / "helper.py"
    helper.write_text("answer = 1")
    heard = make_kernel()
    heard.start(tmp_path)
    for source in ("%load_ext autoreload", "%autoreload 2", "import torch, torch.nn, helper"):
        assert heard.reply(heard.run(source)).status == "ok"
    heard.run("before = torch.nn.Module")
    helper.write_text("answer = 22")
    os.utime(helper, (2e9, 2e9))
    heard.run(
        "import sys\nskipped = sys.modules['__main__'].get_ipython()"
        ".magics_manager.registry['AutoreloadMagics']._reloader.skip_modules"
    )
    assert heard.value("helper.answer") == "22"
    assert heard.value("torch.nn.Module is before") == "True"
    assert heard.value("{'torch', 'engine', 'torch.nn', 'engine.nn'} <= set(skipped)") == "True"


def test_frames_of_the_engine_are_not_shown(shared: Heard) -> None:
    key = shared.run("import torch\n\ntorch.ones(2) @ torch.ones(3)")
    text = re.sub("\x1b\\[[0-9;]*m", "", "".join(shared.reply(key).traceback))
    assert "torch.ones(2) @ torch.ones(3)" in text
    assert "/engine/" not in text
    assert shared.reply(key).line == 3


def test_forked_children_print_once_and_record_nothing(shared: Heard) -> None:
    key = shared.run(
        "import multiprocessing\nprint('parent')\n"
        "child = multiprocessing.get_context('fork').Process(target=print, args=('child',))\n"
        "child.start(); child.join(10)\nchild.exitcode"
    )
    shared.until(lambda: "child" in shared.printed(key))
    assert sorted(shared.printed(key).split()) == ["child", "parent"]
    assert shared.outputs(key)[-1]["data"]["text/plain"] == "0"


def test_prints_and_displays_stay_in_order(shared: Heard) -> None:
    key = shared.run("for i in range(3):\n    print(i)\n    display(i)")
    kinds = [output["output_type"] for output in shared.outputs(key)]
    assert kinds == ["stream", "display_data"] * 3


def test_quitting_ends_the_kernel_without_harm(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    heard.start()
    heard.send("quit()")
    heard.wait_state("dead")
    heard.until(lambda: bool(heard.of("died")))
    assert "exit status 0" in heard.of("died")[0]


def test_a_function_is_not_replaced_by_a_module_of_its_name(shared: Heard) -> None:
    shared.run("import torch\nkept = torch.tensor")
    assert shared.reply(shared.run("import torch.tensor")).ename == "ModuleNotFoundError"
    assert shared.value("torch.tensor is kept and callable(kept)") == "True"


def test_infinities_are_silent_and_the_persons_numpy_warns(shared: Heard) -> None:
    shared.run("import torch, numpy as np")
    key = shared.run("torch.zeros(2).log(), 1 / torch.zeros(2)\nnp.log(np.zeros(2))")
    text = shared.printed(key, "stderr")
    assert text.count("RuntimeWarning") == 1
    assert "divide by zero encountered in log" in text
