"""`tapedeck check`: verify a tape, say where it is damaged, and keep what can be read of it."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from engine.tape.check import Report, check
from engine.tape.recover import recover

_MOST = 20  # lines of damage that are printed
WHOLE, DAMAGED, HOPELESS = 0, 1, 2


def run(path: Path, recovered: Path | None, as_json: bool) -> int:
    """Print what was found; return WHOLE, DAMAGED (also: not finished) or HOPELESS."""
    if recovered is None:
        report = check(path, _show_progress)
    else:
        report = recover(path, recovered, _show_progress)
    print(_as_json(report) if as_json else "\n".join(describe(report)))
    if recovered is not None:
        print(f"wrote {recovered}", file=sys.stderr)
    return WHOLE if report.whole else HOPELESS if report.hopeless else DAMAGED


def describe(report: Report) -> list[str]:
    """Return lines for a terminal: the verdict, every damage, and what can still be read."""
    name, count = report.file, len(report.damage)
    held = f"{report.events:,} events, {report.arrays:,} arrays in {report.size:,} bytes"
    if report.whole:
        return [f"{name}: whole ({held}; every checksum, reference and count is right)"]
    if not report.damage:
        return [f"{name}: not finished, without damage ({held}): it was cut off, or still grows"]
    places = "1 place" if count == 1 else f"{count:,} places"
    lines = [f"{name}: damaged in {places}", *(f"  {one}" for one in report.damage[:_MOST])]
    if count > _MOST:
        lines.append(f"  … and {count - _MOST:,} more")
    if report.hopeless:
        return [*lines, "nothing of it can be read"]
    lost = len(report.lost)
    rest = f"{report.events:,} events, and {report.arrays - lost:,} of {report.arrays:,} arrays"
    lines.append(f"what can be read: {rest}, in the first {report.readable:,} bytes")
    return [*lines, "  --recover OUT.tape writes that as a whole tape"]


def _as_json(report: Report) -> str:
    plain = dataclasses.asdict(report)
    del plain["crcs"]
    plain["damage"] = [one._asdict() for one in report.damage]
    return json.dumps({**plain, "whole": report.whole}, indent=2)


def _show_progress(done: int, of: int) -> bool:
    """Keep one line on stderr up to date on a terminal; Ctrl+C is what stops it."""
    if sys.stderr.isatty():
        print(f"\r\033[K{100 * done // max(of, 1)} %", end="", file=sys.stderr, flush=True)
    return False
