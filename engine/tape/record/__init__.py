"""The parts of the recorder: each turns one kind of thing that happens into rows."""
