"""Random sequences of what a person does, few here; `python -m tests.machine` goes on for long."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from pytestqt.qtbot import QtBot

from tests.machine.actions import Person

FEW = settings(
    max_examples=3,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(600)
def test_random_actions_leave_everything_in_order(qtbot: QtBot) -> None:
    run = Person.TestCase
    run.settings = FEW
    run("runTest").runTest()
