"""The graph of a tape: model, layout, canvas."""
