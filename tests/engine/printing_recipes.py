"""The tensors that the printing tests print.

`python tests/engine/printing_recipes.py` under a Python that has PyTorch 2.13 writes
`data/printing.json`: what it prints for each of them.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parent / "data" / "printing.json"
_FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 1e-4, 1e-5, 1.0001e-4, 999.0, 1000.0, 1001.0, 1e8, 1e9,
    100000001.0, math.nan, math.inf, -math.inf, 3.14159, 1234567.0, 1e-10, 2.5e7, 1e37, -0.25,
    -1.5, 12.75, -300.125, 0.99999, 9.99996,
)  # fmt: skip
_DTYPES = (
    "float32", "float32", "float64", "float16", "bfloat16", "complex64", "int64", "int8", "bool",
)  # fmt: skip
_INTEGERS = (0, 1, -1, 7, 100, -1000, 12345678, 255)
_SMALL = ((), (1,), (2,), (3,), (5,), (13,), (2, 3), (3, 1), (2, 2, 3), (1, 2, 1, 4), (0,), (0, 3))
_LARGE = ((1001,), (1000,), (40, 40), (1200, 1), (6, 300), (12, 11, 10), (5, 1, 300), (3,))
_OPTIONS: tuple[dict[str, Any], ...] = (
    {}, {"precision": 0}, {"precision": 2}, {"threshold": 50, "edgeitems": 2}, {"linewidth": 40},
    {"sci_mode": True}, {"sci_mode": False}, {"profile": "short"}, {"linewidth": 160},
)  # fmt: skip


def cases() -> list[dict[str, Any]]:
    """Return shape, dtype, values, options and role ("plain", "leaf", "result") of each tensor."""
    rng = random.Random(1)
    found = []
    for k in range(180):
        large = k % 4 == 3
        shape = rng.choice(_LARGE if large else _SMALL)
        name = rng.choice(_DTYPES)
        floating = name[0] in "fc" or name == "bfloat16"
        pool = rng.sample(_FLOATS, 3) if floating else rng.sample(_INTEGERS, 3)
        if name == "int8":
            pool = [v % 100 for v in pool]  # type: ignore[operator]
        if name.startswith(("float16", "bfloat16")):
            pool = [v if abs(v) < 1e4 else 3.0 for v in pool]
        n = math.prod(shape)
        values: list[Any] = [pool[i * i % len(pool)] for i in range(n)]
        if name == "complex64":
            values = [complex(v, values[(3 * i + 1) % n]) for i, v in enumerate(values)]
        role = rng.choice(("plain", "leaf", "result")) if floating else "plain"
        options = rng.choice(_OPTIONS) if k % 2 else {}
        found.append(
            {"shape": shape, "dtype": name, "values": values, "options": options, "role": role}
        )
    return found


def _record() -> None:
    import torch

    texts = []
    for case in cases():
        torch.set_printoptions(profile="default")
        torch.set_printoptions(**case["options"])
        dtype = getattr(torch, case["dtype"])
        t = torch.tensor(case["values"], dtype=dtype).reshape(case["shape"])
        if case["role"] != "plain":
            t.requires_grad_()
        texts.append(repr(t.clone() if case["role"] == "result" else t))
    RECORDING.write_text(json.dumps(texts, indent=0) + "\n")


if __name__ == "__main__":
    _record()
