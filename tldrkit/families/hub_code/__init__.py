"""Files exported beside weights, so that others use them without tldrkit; they import nothing of it."""
