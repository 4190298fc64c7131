"""Two recordings side by side: the list of what differs."""
