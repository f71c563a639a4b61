"""What a shell's Tab key completes: the names that the store holds."""

from typing import Any

from tldrkit.options import find_artifacts
from tldrkit.store.store import ArtifactStore


def complete_reference(ctx: Any, incomplete: str) -> list[str]:  # noqa: ANN401  (Typer's own context type is private)
    """List the names of artifacts that begin with what is typed, in the store that the command line names."""
    folder = find_artifacts(ctx.params.get("artifacts"))
    return [name for name in ArtifactStore(folder).find_names() if name.startswith(incomplete)]
