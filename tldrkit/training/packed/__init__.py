"""Networks over packed tokens: loss and gradient without work on padding, for training on a processor."""
