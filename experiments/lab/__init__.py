"""The making of the miniature: its world, its tokenizer, its pre-training."""
