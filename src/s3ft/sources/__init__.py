"""What a row can be trained on: each source says what to ask the model for one example."""
