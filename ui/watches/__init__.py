"""Watches: expressions over tensors and gradients at the playhead."""
