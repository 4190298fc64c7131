"""`python -m tests.fuzz`: open 10,000 mutated tapes and use each of them as the program does.

    python -m tests.fuzz                     seeds 0 to 9,999
    python -m tests.fuzz --first 5000 --count 100
    python -m tests.fuzz --seed 4711         one trial, with its whole traceback

Every trial must end in one clear error, the same content, or another whole tape; in 5 seconds of
processor time and 500 MB more memory than the program itself. Exit status 1 if one does not.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import faulthandler
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
import warnings

SECONDS, BYTES = 5, 500 << 20
_SILENCE = 120  # seconds without a word from a worker, after which it hangs


def main() -> int:
    options = _parse()
    if options.seed is not None:
        from tests.fuzz.trial import trial

        print(*trial(options.seed), sep="\n")
        return 0
    if options.worker:
        return _work(range(options.first, options.first + options.count))
    began = time.monotonic()
    seeds = range(options.first, options.first + options.count)
    print(f"seeds {seeds[0]} to {seeds[-1]}, {options.jobs} at a time", flush=True)
    chunks = [seeds[at : at + 250] for at in range(0, len(seeds), 250)]
    outcomes: collections.Counter[str] = collections.Counter()
    faults: list[str] = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for done, (found, broken) in enumerate(pool.map(_supervise, chunks), 1):
            outcomes += found
            faults += broken
            for fault in broken:
                print(fault, flush=True)
            if sys.stderr.isatty():
                print(f"\r{done}/{len(chunks)}", end="", file=sys.stderr, flush=True)
    print(", ".join(f"{count:,} {kind}" for kind, count in outcomes.most_common()))
    print(f"{len(faults)} faults in {outcomes.total():,} trials, {time.monotonic() - began:.0f} s")
    return 1 if faults else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _supervise(seeds: range) -> tuple[collections.Counter[str], list[str]]:
    """Let workers go through the seeds; one that dies or hangs is a fault, and another goes on."""
    outcomes: collections.Counter[str] = collections.Counter()
    faults: list[str] = []
    while len(seeds):
        args = [sys.executable, "-m", "tests.fuzz", "--worker"]
        args += ["--first", str(seeds[0]), "--count", str(len(seeds))]
        try:
            done = subprocess.run(
                args, capture_output=True, text=True, timeout=_SILENCE * len(seeds), check=False
            )
            out, err, how = done.stdout, done.stderr, f"ended with {done.returncode}"
        except subprocess.TimeoutExpired as error:
            out, err, how = str(error.stdout or ""), "", "hangs"
        lines = out.splitlines()
        for line in lines:
            seed, _, words = line.partition(" ")
            outcomes[words.partition(":")[0]] += 1
            if words.startswith("fault"):
                faults.append(f"seed {seed}: {words}")
        seeds = seeds[len(lines) :]
        if len(seeds):
            faults.append(f"seed {seeds[0]}: the process {how}\n{err[-3000:]}")
            outcomes["fault"] += 1
            seeds = seeds[1:]
    return outcomes, faults


def _work(seeds: range) -> int:
    """Print one line per trial: its seed, and how it went."""
    from tests.fuzz.trial import trial

    trial(seeds[0])  # imports and recordings take neither time nor memory of a trial
    faulthandler.register(signal.SIGPROF, all_threads=False, chain=True)
    with open("/proc/self/statm") as file:  # noqa: PTH123
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + BYTES, resource.RLIM_INFINITY))
    warnings.simplefilter("error")
    for seed in seeds:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            print(seed, trial(seed).kind, flush=True)
        except (Exception, MemoryError) as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            print(seed, f"fault: {words} ({last.filename}:{last.lineno})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
