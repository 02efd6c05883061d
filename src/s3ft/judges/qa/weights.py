"""Weights of the reading-comprehension score; written by bench/fit_qa.py."""

WEIGHTS = {
    "constant": -3.8,
    "recall": -0.53,
    "all_found": 0.62,
    "phrase": 1.84,
    "numbers_missing": -1.72,
    "near_number": 1.08,
    "date_parts": 2.12,
    "other_date": -1.72,
    "surname_missing": -0.79,
    "names_missing": -0.29,
    "length": 0.49,
    "in_question": -1.41,
    "first_sentence": 0.5,
    "precision": 1.73,
    "letters": 2.03,
    "names_there": -1.01,
    "completion_length": 1.18,
    "others_found": 1.84,
    "hedged": -0.93,
}
