"""What the random tests draw, said twice: to PyTorch (for the recording) and to our generator.

`python tests/engine/random_recipes.py` under a Python that has PyTorch 2.13 writes
`data/random.json`: a checksum of every draw's bytes, in order, per seed, and the first four values.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

SEEDS = (0, 1, 42, 1337, -1, 2**40 + 5)
RECORDING = Path(__file__).parent / "data" / "random.json"
_DTYPES = (
    "int64", "int32", "int16", "int8", "uint8", "bool", "float64", "float32", "float16", "bfloat16",
)  # fmt: skip
#: (PyTorch's expression, ours); `w` and `p` are the weights and probabilities below.
RECIPES = (
    ("torch.rand(5, 3)", "g.uniform((5, 3), 'float32')"),
    ("torch.rand(7, dtype=torch.float64)", "g.uniform((7,), 'float64')"),
    ("torch.rand(300, dtype=torch.float16)", "g.uniform((300,), 'float16')"),
    ("torch.rand(300, dtype=torch.bfloat16)", "g.uniform((300,), 'bfloat16')"),
    ("torch.rand(5, dtype=torch.complex64)", "g.uniform((5,), 'complex64')"),
    ("torch.empty(999).uniform_(-1.3, 0.7)", "g.uniform((999,), 'float32', -1.3, 0.7)"),
    (
        "torch.empty(999, dtype=torch.float64).uniform_(-1.3, 0.7)",
        "g.uniform((999,), 'float64', -1.3, 0.7)",
    ),
    (
        "torch.empty(5000, dtype=torch.bfloat16).uniform_(-1.3, 0.7)",
        "g.uniform((5000,), 'bfloat16', -1.3, 0.7)",
    ),
    ("torch.randn(1)", "g.normal((1,), 'float32')"),
    ("torch.rand(1)", "g.uniform((1,), 'float32')"),
    ("torch.randn(())", "g.normal((), 'float32')"),
    ("torch.randn(5, 3)", "g.normal((5, 3), 'float32')"),
    ("torch.randn(16)", "g.normal((16,), 'float32')"),
    ("torch.randn(17)", "g.normal((17,), 'float32')"),
    ("torch.randn(20011)", "g.normal((20011,), 'float32')"),
    ("torch.empty(50).normal_(10, 0.1)", "g.normal((50,), 'float32', 10, 0.1)"),
    ("torch.empty(8, 4).t().normal_()", "g.normal((8, 4), 'float32', contiguous=False).T"),
    ("torch.randn(3, dtype=torch.float64)", "g.normal((3,), 'float64')"),
    ("torch.randn(1001, dtype=torch.float64)", "g.normal((1001,), 'float64')"),
    ("torch.randn(4, dtype=torch.float16)", "g.normal((4,), 'float16')"),
    ("torch.randn(40, dtype=torch.float16)", "g.normal((40,), 'float16')"),
    ("torch.randn(40, dtype=torch.bfloat16)", "g.normal((40,), 'bfloat16')"),
    ("torch.randn(3, dtype=torch.complex64)", "g.normal((3,), 'complex64')"),
    ("torch.randn(33, dtype=torch.complex128)", "g.normal((33,), 'complex128')"),
    ("torch.randint(0, 10, (8,))", "g.randint(0, 10, (8,))"),
    ("torch.randint(-5, 1000, (2, 4))", "g.randint(-5, 1000, (2, 4))"),
    ("torch.randint(0, 2**28 - 1, (5,))", "g.randint(0, 2**28 - 1, (5,))"),
    ("torch.randint(0, 2**28, (5,))", "g.randint(0, 2**28, (5,))"),
    ("torch.randint(-(2**62), 2**62, (5,))", "g.randint(-(2**62), 2**62, (5,))"),
    *(
        (f"torch.empty(9, dtype=torch.{d}).random_()", f"g.random_full_range('{d}', (9,))")
        for d in _DTYPES
    ),
    ("torch.randperm(1)", "g.randperm(1)"),
    ("torch.randperm(257)", "g.randperm(257)"),
    ("torch.empty(50).bernoulli_(0.3)", "g.bernoulli(0.3, (50,)).astype('float32')"),
    ("torch.bernoulli(p)", "g.bernoulli_tensor(p).astype('float32')"),
    ("torch.bernoulli(p.double())", "g.bernoulli_tensor(p.astype('float64')).astype('float64')"),
    ("torch.empty(50).bernoulli_(p)", "g.bernoulli_tensor(p).astype('float32')"),
    ("torch.empty(50).exponential_(1.7)", "g.exponential((50,), 'float32', 1.7)"),
    (
        "torch.empty(999, dtype=torch.float64).exponential_()",
        "g.exponential((999,), 'float64')",
    ),
    ("torch.empty(50).geometric_(0.2)", "g.geometric(0.2, (50,), 'float32')"),
    ("torch.empty(50).cauchy_(1.0, 2.0)", "g.cauchy((50,), 'float32', 1.0, 2.0)"),
    ("torch.empty(50).log_normal_(0.5, 0.7)", "g.log_normal((50,), 'float32', 0.5, 0.7)"),
    ("torch.multinomial(w, 1)", "g.multinomial(w, 1)"),
    ("torch.multinomial(w, 3)", "g.multinomial(w, 3)"),
    ("torch.multinomial(w, 9, replacement=True)", "g.multinomial(w, 9, True)"),
    (
        "torch.multinomial(torch.stack([w, w.flip(0)]), 4, replacement=True)",
        "g.multinomial(np.stack([w, w[::-1]]), 4, True)",
    ),
    ("torch.multinomial(torch.stack([w, w]).double(), 2)",
     "g.multinomial(np.stack([w, w]).astype('float64'), 2)"),
    ("torch.get_rng_state()", "g._stream.dump()"),
)  # fmt: skip

WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32)
PROBABILITIES = np.linspace(0, 1, 50, dtype=np.float32)


def summary(array: np.ndarray[Any, Any]) -> list[Any]:
    """Return shape, checksum of the bytes and the first values, ready for JSON."""
    flat = np.ascontiguousarray(array).ravel()
    head = [str(v) for v in flat[:4].tolist()]
    return [list(array.shape), zlib.crc32(flat.tobytes()), head]


def _record() -> None:
    import torch

    recording = {}
    for seed in SEEDS:
        torch.manual_seed(seed)
        names = {"torch": torch, "w": torch.tensor(WEIGHTS), "p": torch.tensor(PROBABILITIES)}
        draws = [eval(theirs, names) for theirs, _ in RECIPES]
        wide = [d.float() if d.dtype == torch.bfloat16 else d for d in draws]
        recording[str(seed)] = [summary(d.numpy()) for d in wide]
    RECORDING.write_text(json.dumps(recording, indent=None) + "\n")


if __name__ == "__main__":
    _record()
