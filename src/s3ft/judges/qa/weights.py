"""Weights of the reading-comprehension score; written by bench/fit_qa.py."""

WEIGHTS = {
    "constant": -4.02,
    "recall": -0.74,
    "all_found": 0.51,
    "phrase": 1.86,
    "numbers_missing": -1.73,
    "near_number": 1.07,
    "date_parts": 2.16,
    "other_date": -1.7,
    "surname_missing": -0.79,
    "names_missing": -0.28,
    "length": 0.51,
    "in_question": -1.44,
    "first_sentence": 0.53,
    "precision": 1.84,
    "letters": 2.37,
    "names_there": -1.04,
    "completion_length": 1.29,
    "others_found": 1.74,
    "hedged": -0.89,
}
