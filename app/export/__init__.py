"""Writes a graph of a tape to a file: as picture, as data, or its backward replay as a film."""

from app.export.errors import ExportError
from app.export.export import FORMATS, PICTURES, export
from app.export.film import FILMS, FilmOptions

__all__ = ["FILMS", "FORMATS", "PICTURES", "ExportError", "FilmOptions", "export"]
