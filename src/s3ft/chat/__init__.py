"""One chat policy for generating, judging, training and evaluating; what is trained on is checked row by row."""
