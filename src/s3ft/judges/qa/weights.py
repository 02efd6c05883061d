"""Weights of the reading-comprehension rule; written by bench/fit_qa.py."""

WEIGHTS = {
    "constant": -1.77,
    "recall": 0.93,
    "all_found": 1.68,
    "phrase": 1.33,
    "run_together": 0.14,
    "numbers_missing": -1.36,
    "other_year": -0.95,
    "surname_missing": -0.8,
    "names_missing": -0.86,
    "part_missing": -0.83,
    "replaced": -0.23,
    "only_number": 0.73,
    "length": 0.35,
    "in_question": -0.99,
    "first_sentence": 1.03,
    "precision": 0.7,
    "hedged": -0.3,
}
