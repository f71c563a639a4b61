"""T5 over packed tokens: the loss and its gradient without work on padding, for training on a processor."""
