"""The commands as a Python library: `import tldrkit` shows it."""
