"""The `.tape` container: members, tables, segments, and saving (resources/docs/tape-format.md)."""
