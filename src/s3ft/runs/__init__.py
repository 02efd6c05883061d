"""The run directory, its keys, its stages and the processes that work in it."""
