"""The miniature: a small instruct model, its world, its task and benchmarks."""
