"""Our engine and the code written by hand agree on the workloads; disagreement is seen."""

from __future__ import annotations

import pytest

from tests.benchmarks.engine import agreement, peers, problems


@pytest.mark.parametrize("key", problems.TITLES)
def test_our_gradients_are_those_written_by_hand(key: str) -> None:
    problem = problems.problem(key)
    ours = peers.ours().prepare(key, problem)
    by_hand = peers.hand_written().prepare(key, problem)
    agreement.check(key, problem.leaves, ours(), "NumPy", by_hand())
    agreement.check(key, problem.leaves, ours(), "a second step", ours())


def test_a_gradient_that_is_not_ours_fails_the_check() -> None:
    problem = problems.problem("b")
    step = peers.hand_written().prepare("b", problem)
    wrong = step()
    wrong[1][3] *= 1.01
    with pytest.raises(agreement.Disagreement, match="gradient of b1"):
        agreement.check("b", problem.leaves, step(), "NumPy", wrong)


def test_the_random_graph_has_as_many_operations_as_it_says_and_uses_all_of_them() -> None:
    problem = problems.problem("g")
    program = problem.data["program"]
    used = {value for _, first, second in program for value in (first, second)}
    assert len(program) == problems.NODES
    assert used - {-1} == set(range(problems.SINKS + problems.NODES - 1))
