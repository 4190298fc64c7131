"""Commands on screen: the palette that finds them, and the table of their keys."""
