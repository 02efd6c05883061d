"""Weights of the reading-comprehension rule; written by bench/fit_qa.py."""

WEIGHTS = {
    "constant": -1.63,
    "recall": 0.89,
    "all_found": 1.82,
    "phrase": 1.39,
    "run_together": 0.08,
    "numbers_missing": -1.54,
    "other_year": -1.22,
    "surname_missing": -0.87,
    "names_missing": -0.93,
    "only_number": 1.03,
    "length": 0.3,
    "in_question": -0.9,
    "first_sentence": 0.92,
    "precision": 0.72,
    "hedged": -0.28,
}
