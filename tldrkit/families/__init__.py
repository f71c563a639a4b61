"""Families of networks: what they have in common; loaded, counted, saved in Hugging Face's form."""
