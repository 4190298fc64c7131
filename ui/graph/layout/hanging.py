"""What hangs from leaves, as badges do: it stands below its leaf, and has no say in the order.

Its line crosses those of the leaves beside it however they stand, so only disorder could come of
minding it.
"""

from __future__ import annotations

from ui.graph.layout.items import Items

Layers = list[list[int]]
Lines = list[list[tuple[int, float, float]]]  # per item: (neighbour, its slot, own slot)


def hanging_items(items: Items) -> dict[int, int]:
    """Return the items that lead nowhere and to which only a leaf leads, with that leaf, where
    there is more below the leaf."""
    ups: list[list[int]] = [[] for _ in items.rank]
    downs: list[list[int]] = [[] for _ in items.rank]
    for a, b, _ in items.segments:
        ups[b].append(a)
        downs[a].append(b)
    hanging: dict[int, int] = {}
    for a, below in enumerate(downs):
        if len(below) > 1 and not ups[a]:
            loose = [b for b in below if not downs[b] and len(ups[b]) == 1]
            if len(loose) < len(below):
                hanging |= dict.fromkeys(loose, a)
    return hanging


def hung(layers: Layers, ups: Lines, hanging: dict[int, int]) -> Layers:
    """Return layers with what hangs, each where a straight line down from its leaf ends.

    ups: what the other items are linked to in the rank above.
    """
    extra: dict[int, list[int]] = {}
    place = {i: (r, p) for r, layer in enumerate(layers) for p, i in enumerate(layer)}
    for i, leaf in hanging.items():
        extra.setdefault(place[leaf][0] + 1, []).append(i)
    done = [list(layer) for layer in layers]
    for r, more in extra.items():
        keyed, last = [(float(place[hanging[i]][1]), 1, i) for i in more], -1.0
        for p, i in enumerate(layers[r]):
            if ups[i]:
                last = max(last, sum([place[j][1] for j, _, _ in ups[i]]) / len(ups[i]))
            keyed.append((last, 0, p))
        done[r] = [layers[r][p] if kind == 0 else p for _, kind, p in sorted(keyed)]
    return done
