"""Loops: the one training loop, and generation."""
