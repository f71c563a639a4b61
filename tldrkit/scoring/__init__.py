"""Numbers: pure functions of texts and counts."""
