"""Where a step's model comes from, what it was made from, and how it is made ready to write."""
