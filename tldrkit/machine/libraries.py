"""Which libraries are installed here, in which versions, by what the package itself asks for."""

import importlib.metadata
import re

_PACKAGES = ("tldrkit", "tldrkit-core")  # the second is built by deploy/build_core.py
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"""extra == ["']([^"']+)["']""")
_FOR_DEVELOPERS = ("dev", "docs")

SHOWN = ("torch", "transformers", "tokenizers", "datasets", "perforatedai", "numba", "numpy")
"""What `--version` names beside the package: what results and speed depend on most."""


def find_version(library: str) -> str | None:
    """Find the version of a library; None where it is not installed. Nothing is imported."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def list_requirements() -> dict[str, dict[str, str | None]]:
    """List what the package asks for with its version here: under `` what it always needs, then each extra.

    Extras of developers are left out; all is empty where the package runs without being installed.
    """
    installed = next(filter(find_version, _PACKAGES), None)
    asked = (importlib.metadata.requires(installed) or []) if installed else []
    found: dict[str, dict[str, str | None]] = {"": {}}
    for line in asked:
        name, extra = _NAME.match(line), _EXTRA.search(line)
        group = extra[1] if extra else ""
        if name and group not in _FOR_DEVELOPERS and name[0] not in _PACKAGES:
            found.setdefault(group, {})[name[0]] = find_version(name[0])
    return found


def advise_extra(extra: str) -> str:
    """Say what installs the libraries of an extra, and leaves all others as they are.

    To ask for `tldrkit[EXTRA]` is to ask for all that the package needs: pip would replace a torch that was
    chosen by hand.
    """
    names = list_requirements().get(extra)
    return f"pip install {' '.join(names)}" if names else f"pip install 'tldrkit[{extra}]'"
