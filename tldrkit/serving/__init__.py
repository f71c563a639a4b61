"""Summaries over HTTP: requests in, batches through the networks, answers out.

Knows neither artifacts nor Typer.
"""
