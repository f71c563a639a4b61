"""The console script, and `python -m tldrkit`."""

import sys

from tldrkit.cli.app import app
from tldrkit.cli.arguments import normalize_arguments
from tldrkit.cli.following import following


def main() -> None:
    """Run the command line."""
    with following():
        app(args=normalize_arguments(sys.argv[1:]))


if __name__ == "__main__":
    main()
