"""The memory behind a tensor, by method."""

from __future__ import annotations

from engine import storage
from engine.ops.api import publish

publish("storage", storage.storage, function=False, F=False)
publish("untyped_storage", storage.untyped_storage, function=False, F=False)
