"""What goes wrong in exporting."""


class ExportError(Exception):
    """The graph cannot be written; the message is one sentence that says why."""
