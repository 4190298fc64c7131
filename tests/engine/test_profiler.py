"""torch.profiler: which rows a scope has, how often each, and the table's shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import engine as torch

_TURN = "autograd::engine::evaluate_function: "


def _counts(what: Callable[[], Any]) -> dict[str, int]:
    with torch.autograd.profiler.profile() as found:
        what()
    return {e.key: e.count for e in found.key_averages()}


def test_each_operation_is_a_row_with_its_number_of_calls() -> None:
    x, y = torch.ones(2, 3, requires_grad=True), torch.ones(2, 3)

    def repeated() -> None:
        z = y
        for _ in range(10):
            z = (z / x) * y

    assert _counts(repeated) == {"aten::div": 10, "aten::mul": 10}


def test_a_backward_step_is_a_turn_of_the_engine_a_node_and_what_its_formula_calls() -> None:
    x = torch.ones(2, requires_grad=True)
    found = _counts(lambda: x.sin().sum().backward())
    for node in ("SinBackward0", "SumBackward0", "torch::autograd::AccumulateGrad"):
        assert found[node] == found[_TURN + node] == 1
    assert found["aten::cos"] == found["aten::mul"] == 1


def test_the_table_is_pytorchs() -> None:
    x = torch.ones(2)
    with torch.profiler.profile(record_shapes=True) as found, torch.profiler.record_function("all"):
        x * x + 1
    rule, titles, _, first, *_, last = found.key_averages().table("cpu_time_total", 1).splitlines()
    assert titles.split("  ")[-2:] == ["# of Calls", ""]
    assert len(rule) == len(titles) == len(first)
    assert first.split()[0] == "all"
    assert last.startswith("Self CPU time total: ")
    shaped = found.key_averages(group_by_input_shape=True).table()
    assert "[[2], [2]]" in shaped


def test_nobody_measures_after_the_scope() -> None:
    x = torch.ones(2)
    with torch.profiler.profile() as found:
        x * x
    x + x
    assert [e.key for e in found.events()] == ["aten::mul"]


def test_steps_of_a_schedule_are_handed_over(tmp_path: Path) -> None:
    seen: list[dict[str, int]] = []

    def ready(p: Any) -> None:
        seen.append({e.key: e.count for e in p.key_averages()})
        p.export_chrome_trace(str(tmp_path / "trace.json"))

    x = torch.ones(2)
    plan = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    with torch.profiler.profile(schedule=plan, on_trace_ready=ready) as p:
        for _ in range(6):
            x * 2
            p.step()
    assert seen == [{"ProfilerStep*": 2, "aten::mul": 2}]
    assert "aten::mul" in (tmp_path / "trace.json").read_text("utf-8")


def test_the_averages_sort_by_their_own_attributes_only() -> None:
    with torch.profiler.profile() as found:
        torch.ones(2) * 2
    with pytest.raises(AttributeError, match="'FunctionEventAvg' object has no attribute 'colour'"):
        found.key_averages().table(sort_by="colour")
