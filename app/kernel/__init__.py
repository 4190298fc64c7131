"""The process in which the person's code runs, and the client that talks to it."""
