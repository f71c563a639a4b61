"""A T5 on a processor whose weights stay as they are: what it reads and writes, without torch."""
