"""Let random people use the window for a while: `python -m tests.machine --minutes 30`.

Prints how many sequences ran clean, or the shortest sequence found that did not.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
import warnings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from tests.machine.actions import Person

_OFFSCREEN = ("propagateSizeHints", "does not support raise")


def main() -> int:
    """Run until the time is up; the exit status is 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.machine")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--steps", type=int, default=40, help="actions in a sequence, at most")
    options = parser.parse_args()
    warnings.simplefilter("error")
    said: list[str] = []

    def listen(kind: QtMsgType, _: QMessageLogContext, text: str | None) -> None:
        if kind != QtMsgType.QtDebugMsg and not any(known in str(text) for known in _OFFSCREEN):
            said.append(str(text))

    qInstallMessageHandler(listen)
    began, sequences = time.monotonic(), 0
    while time.monotonic() - began < 60 * options.minutes:
        how = settings(
            max_examples=5, stateful_step_count=options.steps, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        try:
            run_state_machine_as_test(Person, settings=how)
        except Exception as error:
            traceback.print_exception(error)  # with the shortest sequence that shows it
            return 1
        sequences += 5
        if said:
            print("Qt said:", *said, sep="\n")
            return 1
        minutes = (time.monotonic() - began) / 60
        print(f"{minutes:6.1f} min: {sequences} sequences, clean", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
