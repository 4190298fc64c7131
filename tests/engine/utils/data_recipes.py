"""Expressions over data sets: orders to compare with PyTorch's.

`python tests/engine/utils/data_recipes.py` under a Python that has PyTorch 2.13 writes
`data/loader.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parent / "data" / "loader.json"
EXPRESSIONS = (
    "[b.tolist() for b in D.DataLoader(list(range(10)), batch_size=4)]",
    "[b.tolist() for b in D.DataLoader(list(range(10)), batch_size=4, shuffle=True)]",
    "[b.tolist() for b in D.DataLoader(list(range(10)), 3, True, drop_last=True)]",
    "[[b.tolist() for b in l] for l in [D.DataLoader(range(5), 2, shuffle=True)] for _ in range(2)]",
    "[b.tolist() for b in D.DataLoader(list(range(6)), 4, True, generator=torch.Generator())]",
    "[[x.tolist(), y.tolist()] for x, y in D.DataLoader(D.TensorDataset(torch.arange(5.), torch.arange(5)),"
    " 2, shuffle=True)]",
    "[s.indices for s in D.random_split(range(10), [7, 3])]",
    "[s.indices for s in D.random_split(range(10), [0.5, 0.25, 0.25])]",
    "list(D.RandomSampler(range(7), replacement=True, num_samples=5))",
    "list(D.RandomSampler(range(7), replacement=True, num_samples=40))",
    "list(D.RandomSampler(range(4), num_samples=10))", "list(D.SubsetRandomSampler([3, 5, 9]))",
    "list(D.WeightedRandomSampler([0.1, 0.9, 0.5], 6))",
    "list(D.WeightedRandomSampler([0.1, 0.9, 0.5], 2, replacement=False))",
    "list(D.BatchSampler(D.SequentialSampler(range(5)), 2, False))",
    "[D.ConcatDataset([[1, 2], [3]])[i] for i in (0, 2, -1)]",
    "[len(D.DataLoader(range(10), 4)), len(D.DataLoader(range(10), 4, drop_last=True))]",
)  # fmt: skip


def evaluate(torch: Any, D: Any, code: str) -> list[Any]:
    """Return what an expression gives and the next random number."""
    torch.manual_seed(5)
    value = eval(code, {"torch": torch, "D": D})
    return [json.loads(json.dumps(value)), torch.randint(0, 10**6, (1,)).item()]


if __name__ == "__main__":
    import torch

    found = {code: evaluate(torch, torch.utils.data, code) for code in EXPRESSIONS}
    RECORDING.write_text(json.dumps(found, indent=0) + "\n")
