"""Weights of the reading-comprehension score; written by bench/fit_qa.py."""

WEIGHTS = {
    "constant": -3.96,
    "recall": -0.76,
    "all_found": 0.55,
    "phrase": 1.89,
    "numbers_missing": -1.73,
    "near_number": 1.06,
    "date_parts": 2.16,
    "other_date": -1.71,
    "surname_missing": -0.79,
    "names_missing": -0.28,
    "length": 0.52,
    "in_question": -1.45,
    "first_sentence": 0.52,
    "precision": 1.74,
    "letters": 2.37,
    "names_there": -1.04,
    "completion_length": 1.18,
    "others_found": 1.81,
    "hedged": -0.92,
}
