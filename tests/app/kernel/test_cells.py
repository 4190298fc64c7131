"""What cells put out, and how they end."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from app.kernel.client import OutputLimit

if TYPE_CHECKING:
    from tests.app.kernel.conftest import Heard

MakeKernel = Callable[..., "Heard"]


def test_a_cell_prints_and_has_a_value(shared: Heard) -> None:
    key = shared.run("print('one')\nprint('two')\n40 + 2")
    assert shared.printed(key) == "one\ntwo\n"
    (value,) = [o for o in shared.outputs(key) if o["output_type"] == "execute_result"]
    assert value["data"] == {"text/plain": "42"}
    reply = shared.reply(key)
    assert (reply.status, reply.count) == ("ok", value["execution_count"])
    assert shared.of("started_cell", key) == [(key, reply.count)]


def test_signals_of_a_cell_come_in_order(shared: Heard) -> None:
    begin = len(shared.signals)
    shared.run("print('x')")
    names = [s[0] for s in shared.signals[begin:] if s[0] not in ("state_changed", "tape_grew")]
    assert names == ["started_cell", "outputs", "finished"]


def test_an_error_is_an_output_in_colour_with_its_place(shared: Heard) -> None:
    key = shared.run("x = 1\n\nx / 0")
    reply = shared.reply(key)
    assert (reply.status, reply.ename, reply.evalue) == (
        "error", "ZeroDivisionError", "division by zero",
    )  # fmt: skip
    assert (reply.cell, reply.line) == (key, 3)
    (output,) = shared.outputs(key)
    assert output["output_type"] == "error"
    assert tuple(output["traceback"]) == reply.traceback
    assert "\x1b[" in "".join(reply.traceback)


def test_an_error_in_another_cells_function_has_its_place_there(shared: Heard) -> None:
    defining = shared.run("def f():\n    raise ValueError('there')")
    reply = shared.reply(shared.run("f()"))
    assert (reply.cell, reply.line) == (defining, 2)


def test_a_syntax_error_has_its_line(shared: Heard) -> None:
    key = shared.run("a = 1\nb = = 2")
    reply = shared.reply(key)
    assert (reply.ename, reply.cell, reply.line) == ("SyntaxError", key, 2)


def test_stdout_and_stderr_stay_apart(shared: Heard) -> None:
    key = shared.run("import sys\nprint('out')\nprint('err', file=sys.stderr)")
    assert (shared.printed(key), shared.printed(key, "stderr")) == ("out\n", "err\n")


def test_output_of_child_processes_is_shown(shared: Heard) -> None:
    key = shared.run("import os\nos.system('echo from a shell')\n!echo and another")
    assert "from a shell" in shared.printed(key)
    assert "and another" in shared.printed(key)


def test_images_arrive_as_base64(shared: Heard) -> None:
    dot = base64.b64encode(b"\x89PNG\r\n\x1a\n not really").decode()
    key = shared.run(
        "from IPython.display import Image, display\nimport base64\n"
        f"display(Image(data=base64.b64decode({dot!r}), format='png'))"
    )
    (output,) = shared.outputs(key)
    assert output["output_type"] == "display_data"
    assert output["data"]["image/png"].strip() == dot


def test_lessons_plot_tensors_below_their_cells(shared: Heard) -> None:
    assert "matplotlib_inline" in shared.value("import os; os.environ['MPLBACKEND']")
    key = shared.run(
        "%matplotlib inline\nimport torch\nimport matplotlib.pyplot as plt\n"
        "x = torch.linspace(0, 1, 5)\nplt.plot(x, x.exp(), label=f'{x[0]:.1f}')\nplt.show()"
    )
    pictures = [o["data"] for o in shared.outputs(key) if o["output_type"] == "display_data"]
    assert [base64.b64decode(data["image/png"])[:4] for data in pictures] == [b"\x89PNG"]


def test_a_cleared_output_goes(shared: Heard) -> None:
    key = shared.run(
        "from IPython.display import clear_output\n"
        "for i in range(100):\n    clear_output(wait=True)\n    print('step', i)"
    )
    assert shared.printed(key) == "step 99\n"


def test_a_display_is_updated_in_place(shared: Heard) -> None:
    key = shared.run(
        "from IPython.display import display\nprint('above')\n"
        "handle = display('first', display_id=True)\nprint('below')"
    )
    shared.run("handle.update('second')")
    kinds = [output["output_type"] for output in shared.outputs(key)]
    assert kinds == ["stream", "display_data", "stream"]
    assert shared.outputs(key)[1]["data"]["text/plain"] == "'second'"


def test_a_thread_may_print_after_its_cell(shared: Heard) -> None:
    key = shared.run(
        "import threading\ngo = threading.Event()\n"
        "thread = threading.Thread(target=lambda: (go.wait(), print('late')))\nthread.start()"
    )
    other = shared.run("go.set(); thread.join()")
    shared.until(lambda: "late" in shared.printed(key) + shared.printed(other))


def test_an_empty_cell_ends_at_once(shared: Heard) -> None:
    assert shared.reply(shared.run(" \n")).status == "ok"


def test_an_error_aborts_what_waits(shared: Heard) -> None:
    kernel = shared.kernel
    kernel.execute_many([("ea", "1"), ("eb", "1/0"), ("ec", "print('never')")])
    assert [shared.reply(key).status for key in ("ea", "eb", "ec")] == ["ok", "error", "aborted"]
    assert shared.outputs("ec") == []


def test_errors_end_nothing_where_they_may_happen(shared: Heard) -> None:
    kernel = shared.kernel
    kernel.execute_many([("na", "1/0"), ("nb", "1")], stop_on_error=False)
    kernel.execute_many([("nc", "1/0"), ("nd", "1")], may_raise={"nc"})
    status = [shared.reply(key).status for key in ("na", "nb", "nc", "nd")]
    assert status == ["error", "ok", "error", "ok"]


def test_many_cells_at_once_all_run(shared: Heard) -> None:
    cells = [(f"many-{n}", f"print({n})") for n in range(200)]
    shared.kernel.execute_many(cells)
    shared.reply("many-199")
    assert [shared.printed(key) for key, _ in cells] == [f"{n}\n" for n in range(200)]


def test_input_is_asked_for_and_answered(shared: Heard) -> None:
    key = shared.send("name = input('Who? ')\nprint(name.upper())")
    shared.until(lambda: bool(shared.of("input_requested", key)))
    assert shared.of("input_requested", key) == [(key, "Who? ", False)]
    shared.kernel.reply_input("ada")
    shared.reply(key)
    assert "ADA" in shared.printed(key)


def test_a_request_for_input_can_be_interrupted(shared: Heard) -> None:
    key = shared.send("import getpass; getpass.getpass('Secret')")
    shared.until(lambda: bool(shared.of("input_requested", key)))
    assert shared.of("input_requested", key)[0][2] is True
    shared.kernel.interrupt()
    assert shared.reply(key).ename == "KeyboardInterrupt"


def test_completion_and_inspection_answer_with_their_token(shared: Heard) -> None:
    shared.run("gradient_of_loss = 1.5")
    token = shared.kernel.complete("gradient_", 9)
    other = shared.kernel.inspect("gradient_of_loss", 4)
    shared.until(lambda: bool(shared.of("completed")) and bool(shared.of("inspected")))
    completed: dict[int, Any] = dict(shared.of("completed"))
    inspected: dict[int, Any] = dict(shared.of("inspected"))
    assert "gradient_of_loss" in completed[token]["matches"]
    assert "1.5" in inspected[other]["data"]["text/plain"]


@pytest.mark.parametrize("lines", [1_000_000])
def test_a_million_lines_keep_their_beginning_and_end(make_kernel: MakeKernel, lines: int) -> None:
    heard = make_kernel(limit=OutputLimit(characters=20_000))
    heard.start()
    key = heard.run(f"for i in range({lines}):\n    print('line', i)")
    text = "".join(output["text"] for output in heard.outputs(key))
    assert text.startswith("line 0\nline 1\n")
    assert text.endswith(f"line {lines - 1}\n")
    assert "left out" in text
    assert len(text) < 21_000
    assert heard.of("held_back", key)
    assert len(heard.of("outputs", key)) < 100
    assert heard.value("6 * 7") == "42"


def test_a_storm_of_displays_is_limited(make_kernel: MakeKernel) -> None:
    heard = make_kernel(limit=OutputLimit(outputs=20))
    heard.start()
    key = heard.run("for i in range(3000):\n    display(i)")
    kinds = [output["output_type"] for output in heard.outputs(key)]
    assert kinds == ["display_data"] * 20 + ["stream"]
    assert "left out" in heard.printed(key, "stderr")
    assert heard.reply(key).status == "ok"


def test_a_gigantic_output_is_left_out(make_kernel: MakeKernel) -> None:
    heard = make_kernel(limit=OutputLimit(data=1_000_000))
    heard.start()
    key = heard.run("display({'text/plain': 'x' * 60_000_000}, raw=True)\n'after'")
    assert "left out" in heard.printed(key, "stderr")
    assert heard.outputs(key)[-1]["output_type"] == "execute_result"


def test_cells_without_a_kernel_are_aborted(make_kernel: MakeKernel) -> None:
    heard = make_kernel()
    assert heard.reply(heard.send("1")).status == "aborted"


def test_tcp_serves_where_sockets_in_a_folder_cannot(make_kernel: MakeKernel) -> None:
    heard = make_kernel(transport="tcp")
    heard.start()
    assert heard.value("6 * 7") == "42"
