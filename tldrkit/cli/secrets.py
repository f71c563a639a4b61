"""Secrets: taken from a file or the environment, never from the command line.

Every user of a machine can read its command lines, and runs are recorded with theirs.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from tldrkit.errors import SpecError

_NAMES = re.compile(r"[-_?&;](?:token|password|passwd|pwd|secret|key|apikey|credentials?)=", re.IGNORECASE)
_HUB_TOKEN = re.compile(r"hf_[A-Za-z0-9]{20}")
_LONGEST = 4096


def refuse_secrets(words: Iterable[str]) -> None:
    """Refuse a command line that holds a secret, without showing it.

    Raises:
        SpecError: A word is a URL with a password in it, a hub's token, or a value given as a token or key.
    """
    if any(map(_holds_secret, words)):
        raise SpecError(
            "The command line holds a secret, which every user of this machine can read there.",
            hint="Give it in the environment: TLDRKIT_TOKEN to serve (or --token-file FILE), TLDRKIT_STORAGE "
            "to a sweep, HF_TOKEN to the hub, WANDB_API_KEY to Weights & Biases.",
        )


def read_token(file: Path | None) -> str | None:
    """Read the token of a server from a file, or else from TLDRKIT_TOKEN; None where neither is given.

    Raises:
        SpecError: The file cannot be read, or what is given is no token.
    """
    place = str(file) if file else "TLDRKIT_TOKEN"
    text = _read(file) if file else os.environ.get(place)
    if text is None:
        return None
    token = text.strip()
    if not re.fullmatch(rf"[!-~]{{1,{_LONGEST}}}", token):
        raise SpecError(
            f"{place} holds no token.",
            hint="A token is one line of visible ASCII characters, without blanks.",
        )
    return token


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8", errors="replace") as content:
            return content.read(_LONGEST + 2)
    except OSError as error:
        raise SpecError(
            f"{file} cannot be read: {error.strerror}.", hint="--token-file names a file."
        ) from None


def _holds_secret(word: str) -> bool:
    option = f"{word}=" if word.startswith("--") and "=" not in word else word
    return _holds_password(word) or bool(_NAMES.search(option) or _HUB_TOKEN.search(word))


def _holds_password(word: str) -> bool:
    """Tell whether a URL says who asks; a database's password may hold what ends a host elsewhere."""
    scheme, _, rest = word.partition("://")
    if scheme.endswith(("http", "https")):
        return "@" in re.split("[/?#]", rest, maxsplit=1)[0]
    return ":" in rest.rpartition("@")[0]
