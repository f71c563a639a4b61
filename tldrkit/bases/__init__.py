"""Networks to begin with: from scratch, or from a pretrained encoder."""
