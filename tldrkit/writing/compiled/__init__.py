"""A network on a processor whose weights stay as they are: what it reads and writes, without torch."""
