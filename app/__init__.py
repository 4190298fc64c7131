"""Tapedeck, composed: command line, window, session, kernel, documents."""

__version__ = "0.1.0"
