"""Networks: T5 and BART anatomy, compression, dendrites, the Hugging Face form."""
