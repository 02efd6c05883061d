"""Models that write and weigh completions."""
