"""The palette of operations: search, read, insert."""
