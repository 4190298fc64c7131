"""The notebook: cells, editors, outputs."""
