"""The dialog in which settings are chosen."""
