"""What is shown before a document is."""
