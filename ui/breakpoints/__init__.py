"""The list of breakpoints, and the form for conditions."""
