"""Weights of the reading-comprehension score; written by bench/fit_qa.py."""

WEIGHTS = {
    "constant": -3.77,
    "recall": 1.24,
    "phrase": 2.23,
    "numbers_missing": -1.54,
    "date_parts": 1.87,
    "other_date": -1.85,
    "surname_missing": -0.79,
    "length": 0.38,
    "in_question": -1.06,
    "first_sentence": 0.5,
    "precision": 1.85,
    "names_there": -0.97,
    "completion_length": 1.42,
    "others_found": 1.86,
}
