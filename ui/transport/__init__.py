"""The transport: play, step, scrub."""
