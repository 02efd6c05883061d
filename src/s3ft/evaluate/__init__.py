"""Before and after, by the same call: the target task, benchmarks, statistics."""
