"""Leaves made by hand: their numbers in a table, and the line of code that makes them."""
