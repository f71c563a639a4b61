"""The console script, and `python -m tldrkit`."""

import sys

from tldrkit.cli.app import app
from tldrkit.cli.arguments import normalize_arguments


def main() -> None:
    """Run the command line."""
    app(args=normalize_arguments(sys.argv[1:]))


if __name__ == "__main__":
    main()
