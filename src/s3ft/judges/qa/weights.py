"""Weights of the reading-comprehension score; written by bench/fit_qa.py."""

WEIGHTS = {
    "constant": -4.12,
    "recall": -0.88,
    "all_found": 0.48,
    "phrase": 1.86,
    "numbers_missing": -1.67,
    "date_parts": 2.13,
    "other_date": -1.73,
    "surname_missing": -0.78,
    "names_missing": -0.35,
    "length": 0.52,
    "in_question": -1.38,
    "first_sentence": 0.65,
    "precision": 1.78,
    "letters": 2.57,
    "names_there": -0.99,
    "completion_length": 1.11,
    "others_found": 1.72,
}
