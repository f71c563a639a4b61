"""The console script, and `python -m tldrkit`."""

from tldrkit.cli.app import app
from tldrkit.cli.following import following


def main() -> None:
    """Run the command line."""
    with following():
        app()


if __name__ == "__main__":
    main()
