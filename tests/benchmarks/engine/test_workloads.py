"""Our engine and the code written by hand agree on the workloads; disagreement is seen."""

from __future__ import annotations

import pytest

import engine
from tests.benchmarks.engine import agreement, peers, problems, recorded, report, training


@pytest.mark.parametrize("key", problems.TITLES)
def test_our_gradients_are_those_written_by_hand(key: str) -> None:
    problem = problems.problem(key)
    ours = peers.ours().prepare(key, problem)
    by_hand = peers.hand_written().prepare(key, problem)
    agreement.check(key, list(problem.leaves), ours(), "NumPy", by_hand())
    agreement.check(key, list(problem.leaves), ours(), "a second step", ours())


def test_a_gradient_that_is_not_ours_fails_the_check() -> None:
    problem = problems.problem("b")
    step = peers.hand_written().prepare("b", problem)
    wrong = step()
    wrong[1][3] *= 1.01
    with pytest.raises(agreement.Disagreement, match="b1: ours and that of NumPy"):
        agreement.check("b", list(problem.leaves), step(), "NumPy", wrong)


def test_the_random_graph_has_as_many_operations_as_it_says_and_uses_all_of_them() -> None:
    problem = problems.problem("g")
    program = problem.data["program"]
    used = {value for _, first, second in program for value in (first, second)}
    assert len(program) == problems.NODES
    assert used - {-1} == set(range(problems.SINKS + problems.NODES - 1))


@pytest.mark.parametrize("key", ["i", "k", "l"])
def test_training_loops_run_and_are_the_same_again(key: str) -> None:
    first, second = (training.PROGRAMS[key](engine)() for _ in range(2))
    assert all(a.equal(b) for a, b in zip(first, second, strict=True))


def test_ratios_are_ours_over_numpy_and_theirs_over_ours_and_are_judged_so() -> None:
    seconds = {"ours": [2.0, 2.0, 4.0], "numpy": [1.0, 1.0, 1.0], "hips": [10.0, 40.0, 40.0]}
    ratios = report.judged(report.Result("a", seconds, None))
    assert str(ratios["numpy"]) == "2.00 ≤3.5 ok"
    assert str(ratios["hips"]) == "10.00 ≥15 MISS"
    assert ratios["hips"].ratio.median == 10.0


def test_the_cost_of_recording_grows_by_what_is_left_to_write() -> None:
    step = peers.ours().prepare("b", problems.problem("b"))
    cost = recorded.cost(step, 1)
    assert 0 < cost.running.median < cost.total.median
