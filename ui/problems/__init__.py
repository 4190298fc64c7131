"""The list of what looks wrong in a run, and the answers to "Why?"."""
