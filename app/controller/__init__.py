"""The only place that connects session and widgets."""

from __future__ import annotations

from app.controller.controller import Controller

__all__ = ["Controller"]
