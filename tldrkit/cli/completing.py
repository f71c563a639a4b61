"""What a shell's Tab key completes: the names that the store holds."""

import os
from pathlib import Path
from typing import Any

from tldrkit.options import Options
from tldrkit.store.store import ArtifactStore


def complete_reference(ctx: Any, incomplete: str) -> list[str]:  # noqa: ANN401  (Typer's own context type is private)
    """List the names of artifacts that begin with what is typed, in the store that the command line names."""
    given = ctx.params.get("artifacts") or os.environ.get("TLDRKIT_ARTIFACTS") or Options.artifacts
    return [name for name in ArtifactStore(Path(given)).find_names() if name.startswith(incomplete)]
