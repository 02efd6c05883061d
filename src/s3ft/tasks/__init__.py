"""Data sets with their prompts and the judge they name."""
