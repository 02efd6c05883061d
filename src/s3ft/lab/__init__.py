"""The miniature: a small instruct model, its world, its task and benchmarks."""

from pathlib import Path

MODEL = Path(__file__).parent / "model"
"""The pre-trained base, an ordinary Transformers folder."""
BENCHMARKS = Path(__file__).parent / "benchmarks"
"""Tasks of lm-evaluation-harness: lab_facts, lab_misconceptions, lab_reading, lab_comparing."""
