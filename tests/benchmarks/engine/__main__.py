"""Our engine beside hand-written NumPy, PyTorch eager, HIPS autograd and MyGrad, in one process.

    python -m tests.benchmarks.engine [--only a,d] [--rounds N] [--peers numpy,torch] [--json FILE]
    python -m tests.benchmarks.engine --only h,i,j,k,l    # training loops, which write in place
    python -m tests.benchmarks.engine --profile a
    python -m tests.benchmarks.engine --chain

Forward and backward of each workload in float32 on one thread; peers take turns within a round, and
a ratio is the median of the rounds' ratios of CPU time. The first two ratios are our time ÷ theirs,
the next theirs ÷ ours, the last three the time with a recorder ÷ that without: of the program's own
thread, with what it waits for the recorder; of all threads until the program is done, as it is felt
on one core; and of all threads until all is written.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import json
import sys
import warnings
from pathlib import Path

from engine import process
from tests.benchmarks.engine import (
    agreement,
    chain,
    peers,
    problems,
    recorded,
    report,
    rounds,
    where,
)


def main() -> int:
    """Return 1 where a chain misses its target; ratios that miss theirs are marked."""
    options = _options()
    warnings.simplefilter("ignore")
    if options.chain:
        return 1 if chain.run() else 0
    if options.profile:
        for key in options.profile:
            where.profile(key, options.rounds)
        return 0
    _compare(options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m tests.benchmarks.engine", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    keys, names = report.TITLES, peers.PEERS
    parser.add_argument("--only", type=_some_of(keys), default=list(problems.TITLES), metavar="a,d")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--peers", type=_some_of(names), default=list(names), help=",".join(names))
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--no-recorder", action="store_true")
    parser.add_argument("--profile", type=_some_of(problems.TITLES), metavar="a")
    parser.add_argument("--chain", action="store_true", help="a million operations")
    return parser.parse_args()


def _some_of(known: dict[str, object]) -> object:
    def names(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return chosen

    return names


def _compare(options: argparse.Namespace) -> None:
    found, absent = peers.present(options.peers)
    process.relax()
    for name in absent:
        print(f"{name} is absent: not installed")
    for peer in found.values():
        print(f"{peer.title} {peer.version}")
    print(report.heading(found, not options.no_recorder), flush=True)
    results = []
    for key in options.only:
        results.append(_result(key, found, options))
        print(report.line(results[-1], found), flush=True)
    if any(key in problems.TARGETS for key in options.only):
        print(report.summary(results))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(results, found, absent), indent=1))


def _result(key: str, found: dict[str, peers.Peer], options: argparse.Namespace) -> report.Result:
    problem = problems.problem(key)
    steps = {
        name: peer.prepare(key, problem)
        for name, peer in {"ours": peers.ours(), **found}.items()
        if key in peer.programs
    }
    results = {name: step() for name, step in steps.items()}
    ours = results.pop("ours")
    for name, theirs in results.items():
        agreement.check(key, list(problem.leaves), ours, found[name].title, theirs)
    seconds = rounds.interleaved(steps, options.rounds)
    cost = None if options.no_recorder else recorded.cost(steps["ours"], options.rounds)
    return report.Result(key, seconds, cost)


if __name__ == "__main__":
    sys.exit(main())
