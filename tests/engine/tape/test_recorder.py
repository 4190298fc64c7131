"""The recorder: what happened is on the tape, in order, with its place and its name."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells import kinds, ops, tensor, tid

import engine as torch
from engine import recording
from engine.tape import replay
from engine.tape.record.ops import Ops
from engine.tape.recorder import Recorder
from engine.tape.schema import GradChange, Mark, OpFlag, PassFlag
from engine.tape.storage.sink import FileSink
from engine.tape.tape import Tape


def test_leaves_operations_and_passes_in_order() -> None:
    with Recorder() as recorder:
        w, x = tensor([1.0, 2.0]), tensor([3.0, 4.0], requires_grad=False)
        (w * x).sum().backward()
    tape = recorder.tape()
    assert kinds(tape) == [
        "LEAF", "LEAF", "OP", "OP", "PASS", "STEP", "STEP", "STEP", "MARK", "END",
    ]  # fmt: skip
    assert ops(tape) == ["mul", "sum"]
    assert [tape.text(int(n)) for n in tape.nodes["name"]] == [
        "AccumulateGrad",
        "MulBackward0",
        "SumBackward0",
    ]
    assert tape.value(0).tolist() == [1.0, 2.0]
    assert tape.values["flags"][:2].tolist() == [3, 2]
    assert replay.grad_at(tape, 0, len(tape.events)).tolist() == [3.0, 4.0]
    assert not recording.log


def test_a_profile_hands_on_what_it_measures() -> None:
    with Recorder() as recorder:
        x = tensor([1.0, 2.0])
        y = x * 2
        with torch.profiler.profile() as profile:
            y.sin().sum().backward()
        y + 1
    assert ops(recorder.tape()) == ["mul", "sin", "sum", "add"]
    assert {"aten::sin", "aten::sum", "SinBackward0"} <= {e.key for e in profile.events()}
    assert not recording.log


def test_nothing_is_recorded_before_start_and_after_stop() -> None:
    recorder = Recorder()
    w = tensor([1.0])
    _ = w * 2
    recorder.start()
    _ = w * 3
    recorder.stop()
    _ = w * 4
    assert ops(recorder.tape()) == ["mul"]
    assert recording.log is None


def test_edges_slots_and_saved_tensors() -> None:
    with Recorder() as recorder:
        x = tensor([2.0])
        y = x * x
        y.backward()  # frees what y saved before anybody looked
    tape = recorder.tape()
    node = tape.nodes[int(tape.ops["node"][0])]
    assert tape.edges["node"][node["edge0"] : node["edge0"] + node["n_edge"]].tolist() == [0, 0]
    saved = tape.saved[node["saved0"] : node["saved0"] + node["n_saved"]]
    assert [(tape.text(int(s["name"])), int(s["value"])) for s in saved] == [
        ("self", 0),
        ("other", 0),
    ]
    step = tape.steps[0]
    sent = tape.contributions[step["contrib0"] : step["contrib0"] + step["n_contrib"]]
    assert sent["slot"].tolist() == [0, 1]
    assert [tape.array(int(i)).tolist() for i in sent["array"]] == [[2.0], [2.0]]
    assert replay.cotangents(tape, 1)[0].tolist() == [4.0]


def test_constants_are_saved_as_text() -> None:
    with Recorder() as recorder:
        _ = tensor([2.0]) * 3.5
    tape = recorder.tape()
    assert tape.text(int(tape.ops["params"][0])) == '{"other": 3.5}'
    assert [(tape.text(int(s["name"])), tape.text(int(s["text"]))) for s in tape.saved] == [
        ("other", "3.5")
    ]


def test_accumulating_twice_is_in_the_ledger() -> None:
    with Recorder() as recorder:
        w = tensor([1.0, 2.0])
        y = (w * 3).sum()
        y.backward(retain_graph=True)
        y.backward()
        w.grad.zero_()
        w.grad = None
    tape = recorder.tape()
    ledger = replay.ledger(tape, 0)
    assert [entry.kind.name for entry in ledger] == ["ACCUMULATE", "ACCUMULATE", "WRITE", "CLEAR"]
    assert [None if e.delta is None else e.delta.tolist() for e in ledger] == [
        [3.0, 3.0], [3.0, 3.0], None, None,
    ]  # fmt: skip
    assert [None if e.after is None else e.after.tolist() for e in ledger] == [
        [3.0, 3.0], [6.0, 6.0], [0.0, 0.0], None,
    ]  # fmt: skip
    assert [e.pass_ for e in ledger] == [0, 1, -1, -1]
    files = [Path(entry.source.file).name for entry in ledger if entry.source is not None]
    assert files[:3] == [Path(__file__).name] * 3
    assert len(replay.ledger(tape, 0, ledger[1].event)) == 1


@pytest.mark.parametrize("through", ["data", "detach"])
def test_zeroing_a_gradient_through_another_tensor_is_seen(through: str) -> None:
    with Recorder() as recorder:
        w = tensor([1.0, 2.0])
        (w * 3).sum().backward()
        (w.grad.data if through == "data" else w.grad.detach()).zero_()
    tape = recorder.tape()
    assert tape.grads["kind"].tolist() == [GradChange.ACCUMULATE, GradChange.WRITE]
    assert replay.grad_at(tape, 0, len(tape.events)).tolist() == [0.0, 0.0]


def test_an_update_through_data_gives_the_leaf_a_new_value() -> None:
    with Recorder() as recorder:
        w = tensor([1.0, 2.0])
        _ = w * 2
        w.data.add_(1)
        _ = w * 2
    tape = recorder.tape()
    values = [tape.value(v).tolist() for v in np.flatnonzero(tape.values["tensor"] == 0)]
    assert values == [[1.0, 2.0], [2.0, 3.0]]
    assert tape.value(int(tape.ops["out0"][-1])).tolist() == [4.0, 6.0]


def test_an_inplace_operation_keeps_what_was_there() -> None:
    with Recorder() as recorder:
        y = tensor([1.0, 2.0]) + 0
        y.mul_(10)
    tape = recorder.tape()
    assert ops(tape) == ["add", "mul_"]
    assert tape.ops["flags"][1] & OpFlag.INPLACE
    before, after = int(tape.inputs["value"][-1]), int(tape.ops["out0"][1])
    assert tape.values["tensor"][before] == tape.values["tensor"][after]
    assert (tape.value(before).tolist(), tape.value(after).tolist()) == ([1.0, 2.0], [10.0, 20.0])
    assert tape.values["version"][[before, after]].tolist() == [0, 1]


def test_large_arrays_are_safe_from_later_writes() -> None:
    with Recorder() as recorder, torch.no_grad():
        x = torch.tensor(np.arange(100_000, dtype=np.float32).tolist())
        for _ in range(3):
            x.add_(1)
    tape = recorder.tape()
    heads = [float(tape.value(v)[0]) for v in range(len(tape.values))]
    assert heads == [0.0, 1.0, 2.0, 3.0]
    assert [float(tape.value(v)[-1]) for v in range(4)] == [99999.0, 1e5, 100001.0, 100002.0]


def test_flushing_from_another_thread_changes_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "spool.tape")
    over = threading.Event()

    def follow() -> None:
        while not over.is_set():
            recorder.flush()

    thread = threading.Thread(target=follow)
    thread.start()
    with recorder:
        w = torch.tensor(np.zeros(20_000, np.float32).tolist(), requires_grad=True)
        for i in range(60):
            (w * float(i)).sum().backward()
            with torch.no_grad():
                w.add_(1)
                if i % 7 == 0:
                    w.grad.zero_()
    over.set()
    thread.join()
    assert recorder.failure is None
    recorder.finish()
    tape = Tape.open(tmp_path / "spool.tape")
    assert tape.complete
    assert replay.grad_at(tape, 0, len(tape.events)).tobytes() == w.grad.numpy().tobytes()
    versions = np.flatnonzero(tape.values["tensor"] == 0)
    assert [float(tape.value(int(v))[0]) for v in versions] == [float(i) for i in range(61)]


def test_tensors_live_no_longer_than_until_the_next_flush() -> None:
    with Recorder() as recorder:
        y = tensor([1.0]) * 2
        gone = weakref.ref(y)
        _ = y.exp()
        del y, _
        assert gone() is not None
        recorder.flush()
        gc.collect()
        assert gone() is None


def test_a_pass_that_raises_ends_with_its_error() -> None:
    recorder = Recorder()
    with recorder:
        y = (tensor([1.0]) * 2).exp()
        y.backward()
        with pytest.raises(RuntimeError, match="second time"):
            y.backward()
    tape = recorder.tape()
    assert len(tape.ends) == 2
    assert tape.ends["error"][0] == -1
    assert "second time" in tape.text(int(tape.ends["error"][1]))
    assert not replay.state_at(tape, len(tape.events)).running


def test_autograd_grad_is_a_pass_that_accumulates_nothing() -> None:
    with Recorder() as recorder:
        w = tensor([3.0])
        y = w * w
        (g,) = torch.autograd.grad(y, w, create_graph=True)
        g.backward()
    tape = recorder.tape()
    assert tape.passes["flags"][0] & PassFlag.GRAD
    assert tape.passes["flags"][0] & PassFlag.CREATE_GRAPH
    assert (tape.ops["pass_"] == 0).any(), "the pass itself was recorded"
    captured = tape.contributions[tape.contributions["tensor"] == 0]
    assert tape.array(int(captured["array"][0])).tolist() == [6.0]
    assert replay.grad_at(tape, 0, len(tape.events)).tolist() == [2.0]


def test_a_hook_that_changes_a_gradient_is_kept_as_a_cotangent() -> None:
    with Recorder() as recorder:
        w = tensor([1.0])
        y = w * 2
        y.register_hook(lambda grad: grad * 10)
        (y * 1).backward()
    tape = recorder.tape()
    assert len(tape.cotangents) == 1
    step = int(tape.cotangents["step"][0])
    assert replay.cotangents(tape, step)[0].tolist() == [10.0]
    assert replay.grad_at(tape, 0, len(tape.events)).tolist() == [20.0]


def test_a_gradient_from_before_the_recording_is_the_base_of_its_sums() -> None:
    w = tensor([1.0, 1.0])
    (w * 2).sum().backward()
    with Recorder() as recorder:
        (w * 3).sum().backward()
    tape = recorder.tape()
    leaf = tid(w)
    assert replay.grad_at(tape, leaf, len(tape.events)).tolist() == [5.0, 5.0]


def test_ids_of_two_recordings_do_not_meet() -> None:
    w = tensor([1.0])
    with Recorder() as first:
        _ = w * 2
    with Recorder() as second:
        _ = w * 3
    assert len(first.tape().values) == len(second.tape().values) == 2
    assert kinds(second.tape()) == ["LEAF", "OP"]


def test_a_failing_recorder_ends_the_recording_and_not_the_program(monkeypatch, caplog) -> None:
    recorder = Recorder()
    with recorder:
        w = tensor([1.0])
        _ = w * 2
        recorder.flush()
        monkeypatch.setattr(Ops, "add", lambda self, *entry: 1 / 0)
        y = w * 3
        y.backward()
        recorder.flush()
        assert recording.log is None
        y = w * 4
    assert recorder.failure == "ZeroDivisionError: division by zero"
    assert "the recording ends here" in caplog.text
    assert ops(recorder.tape()) == ["mul"]


def test_a_full_disk_is_an_oserror_and_leaves_a_readable_spool(tmp_path: Path, monkeypatch) -> None:
    recorder = Recorder(tmp_path / "spool.tape")
    with recorder:
        w = tensor([1.0])
        _ = w * 2
        size = recorder.flush()
        _ = w * 3

        def full(self: FileSink, parts: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(FileSink, "append", full)
        with pytest.raises(OSError, match="No space"):
            recorder.flush()
        assert recording.log is None
    assert (tmp_path / "spool.tape").stat().st_size == size
    assert ops(Tape.open(tmp_path / "spool.tape")) == ["mul"]


def test_a_long_chain_is_recorded_without_recursion() -> None:
    with Recorder() as recorder:
        x = y = tensor([1.0])
        for _ in range(20_000):
            y = y * 1.0
        y.backward()
    tape = recorder.tape()
    assert len(tape.steps) == 20_001
    assert replay.grad_at(tape, 0, len(tape.events)).tolist() == x.grad.numpy().tolist()


def test_a_graph_from_before_the_recording_is_taken_in_when_it_is_used() -> None:
    x = y = tensor([1.0])
    for _ in range(5_000):
        y = y * 1.0
    with Recorder() as recorder:
        (y + 1).backward()
    tape = recorder.tape()
    assert len(tape.nodes) == 5_002
    assert len(tape.ops) == 1
    assert replay.grad_at(tape, tid(x), len(tape.events)).tolist() == [1.0]


def test_a_clip_that_finds_no_gradient_is_marked() -> None:
    recorder = Recorder()
    with recorder:
        w = torch.ones(2, requires_grad=True)
        torch.nn.utils.clip_grad_norm_([w], 1.0)
        torch.nn.utils.clip_grad_value_([w], 1.0)
        w.sum().backward()
        torch.nn.utils.clip_grad_norm_([w], 1.0)
    tape = recorder.tape()
    idle = tape.marks["text"][tape.marks["kind"] == Mark.IDLE]
    assert [tape.text(int(text)) for text in idle] == ["clip_grad_norm_", "clip_grad_value_"]
