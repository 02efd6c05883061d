"""Records to token ids and labels, and TRL SFTTrainer with PEFT over them."""
