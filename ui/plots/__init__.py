"""Pictures of one tensor: table, heat map, histogram."""
