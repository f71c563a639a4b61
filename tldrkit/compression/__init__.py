"""Smaller networks: fewer layers and heads, narrower parts, fewer tokens, and the budget they must meet."""
