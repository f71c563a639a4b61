"""Secrets are never taken from the command line.

Every user of a machine can read its command lines, and runs are recorded with theirs.
"""

import re
from collections.abc import Iterable

from tldrkit.errors import SpecError

_NAMES = re.compile(r"[-_?&;](?:token|password|passwd|pwd|secret|key|apikey|credentials?)=", re.IGNORECASE)
_HUB_TOKEN = re.compile(r"hf_[A-Za-z0-9]{20}")


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


def _holds_secret(word: str) -> bool:
    option = f"{word}=" if word.startswith("--") and "=" not in word else word
    return _holds_password(word) or bool(_NAMES.search(option) or _HUB_TOKEN.search(word))


def _holds_password(word: str) -> bool:
    """Tell whether a URL says who asks; a database's password may hold what ends a host elsewhere."""
    scheme, _, rest = word.partition("://")
    if scheme.endswith(("http", "https")):
        return "@" in re.split("[/?#]", rest, maxsplit=1)[0]
    return ":" in rest.rpartition("@")[0]
