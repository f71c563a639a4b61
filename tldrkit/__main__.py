"""The console script, and `python -m tldrkit`."""

import os
import sys


def main() -> None:
    """Run the command line; whatever its streams are, it ends with a sentence and not with a traceback."""
    try:
        is_closed = _prepare_streams()
        from tldrkit.cli.app import app
        from tldrkit.cli.following import following

        if is_closed:
            _end(1, "The standard output is closed; send it to a file, or to /dev/null.")
        try:
            with following():
                app()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        _end(130, "Interrupted.")
    except BrokenPipeError:  # who read the output has seen enough, as `head`
        _end(1)
    except OSError as error:
        if os.environ.get("TLDRKIT_DEBUG"):
            raise
        _end(1, f"The output cannot be written: {error.strerror or error}.")


def _prepare_streams() -> bool:
    """Have all streams write what their encoding lacks as escapes; tell whether the output was closed."""
    is_closed = sys.stdout is None
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  (a descriptor, for good)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    return is_closed


def _end(status: int, sentence: str = "") -> None:
    """Say a last sentence, if any, and end; what the output still holds is given up."""
    try:
        sys.stderr.write(f"Error: {sentence}\n" if sentence else "")
        sys.stderr.flush()
    except OSError:
        pass
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(status)


if __name__ == "__main__":
    main()
