"""Loops that torch has no operation for, compiled by Numba. Knows arrays, and no modules."""
