"""Artificial dendrites: where they may grow, how PerforatedAI grows them, what is read of them."""
