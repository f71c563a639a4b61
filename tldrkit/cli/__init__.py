"""How it is asked and shown: Typer and rich live here only."""
