"""Models on disk and in memory: where they lie, how they are loaded, tokenizer files, adapters."""
