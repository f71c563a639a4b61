"""The loops of the compiled engine: products, attention, norms, and the choice of tokens.

Numba compiles them (``compiling.py``). They know arrays and numbers, no network and no torch.
"""
