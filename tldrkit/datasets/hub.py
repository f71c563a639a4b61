"""Data sets of the Hugging Face hub: the known ones, and how any is loaded.

The only room that knows the `datasets` library, imported when something is loaded. Knows nothing of examples.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tldrkit.errors import DataError
from tldrkit.texts import say_reason

if TYPE_CHECKING:
    from datasets import DatasetDict

PARQUET_REVISION = "refs/convert/parquet"
"""The hub's own conversion of sets whose loading scripts `datasets` no longer runs."""

_REACH_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class HubSet:
    """Where a data set is on the hub, and what its columns are called.

    Args:
        id: owner/name.
        config: Its configuration; in the parquet revision, the folder of it.
        revision: Branch, tag or commit; empty for the main branch.
        document: Column of the document; None where it is to be recognized.
        summary: Column of the summary; None where it is to be recognized.
        licence: As its card states it; empty where not known.
        kind: The language and the kind of its texts; empty where not known.
    """

    id: str
    config: str = ""
    revision: str = ""
    document: str | None = None
    summary: str | None = None
    licence: str = ""
    kind: str = ""


# Ids, configurations, columns, licences and kinds as on the cards of the hub in 2025 and 2026.
KNOWN = {
    "reddit_tldr": HubSet(
        id="trl-lib/tldr",
        document="prompt",
        summary="completion",
        licence="none stated; derived from Webis-TLDR-17, cc-by-4.0",
        kind="English posts of Reddit",
    ),
    "webis_tldr17": HubSet(  # the hub converted a part of it only: some 3 GB
        id="webis/tldr-17",
        config="default",
        revision=PARQUET_REVISION,
        document="content",
        summary="summary",
        licence="cc-by-4.0",
        kind="English posts of Reddit",
    ),
    "reddit_tifu": HubSet(
        id="ctr4si/reddit_tifu",
        config="long",
        revision=PARQUET_REVISION,
        document="documents",
        summary="tldr",
        licence="mit",
        kind="English stories of Reddit",
    ),
    "samsum": HubSet(
        id="knkarthick/samsum",
        document="dialogue",
        summary="summary",
        licence="cc-by-nc-nd-4.0",
        kind="English chats written for it",
    ),
    "dialogsum": HubSet(
        id="knkarthick/dialogsum",
        document="dialogue",
        summary="summary",
        licence="cc-by-nc-sa-4.0",
        kind="English dialogues",
    ),
    "cnn_dailymail": HubSet(
        id="abisee/cnn_dailymail",
        config="3.0.0",
        document="article",
        summary="highlights",
        licence="apache-2.0",
        kind="English news",
    ),
    "xsum": HubSet(
        id="EdinburghNLP/xsum",
        config="default",
        revision=PARQUET_REVISION,
        document="document",
        summary="summary",
        kind="English news",
    ),
}


@dataclass(frozen=True, kw_only=True)
class HubRows:
    """A loaded data set: its rows by split, and the commit they came from where that is known."""

    splits: "DatasetDict"
    revision: str


def load_hub(hub: HubSet) -> HubRows:
    """Load a data set from the hub, or from the copy `datasets` keeps of it.

    A set with a loading script is loaded from the hub's parquet conversion. Where the hub cannot be reached,
    a copy kept from before is used.

    Raises:
        DataError: The hub cannot be reached and there is no copy, or the set cannot be loaded.
    """
    with _offline_if(not is_reachable()) as offline:
        try:
            return _load(hub)
        except Exception as error:  # its own, the hub's, httpx's, pyarrow's: the library promises none
            raise _refusal(hub, error, offline=offline) from error


def is_reachable() -> bool:
    """Whether the hub answers within three seconds; never asked in offline mode (HF_HUB_OFFLINE)."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=_REACH_SECONDS)
    except Exception:  # of httpx or its successor, by the release of huggingface_hub
        return False
    return True


@contextmanager
def _offline_if(offline: bool) -> Iterator[bool]:
    """Keep the library from trying the network again and again, and restore its mode."""
    import datasets
    from huggingface_hub import constants

    before = datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
    if offline:
        datasets.config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
    try:
        yield offline
    finally:
        datasets.config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before


def _load(hub: HubSet) -> HubRows:
    from datasets import load_dataset

    if hub.revision == PARQUET_REVISION:
        return _load_conversion(hub)
    try:
        splits = load_dataset(hub.id, hub.config or None, revision=hub.revision or None)
    except RuntimeError as error:
        if "scripts are no longer supported" not in str(error) or hub.revision:
            raise
        return _load_conversion(hub)
    return HubRows(splits=splits, revision=_commit(splits))


def _load_conversion(hub: HubSet) -> HubRows:
    """Load a folder of the conversion by way of the hub's cache: `datasets` keeps no copy of a folder."""
    from datasets import load_dataset
    from huggingface_hub import snapshot_download

    folder = hub.config or "default"
    snapshot = Path(
        snapshot_download(
            hub.id, repo_type="dataset", revision=PARQUET_REVISION, allow_patterns=f"{folder}/**/*.parquet"
        )
    )
    return HubRows(splits=load_dataset(str(snapshot / folder)), revision=snapshot.name)


def _commit(splits: "DatasetDict") -> str:
    """Read the commit out of the folder `datasets` keeps the rows in: it is named after it."""
    for dataset in splits.values():
        for file in dataset.cache_files:
            folder = Path(file["filename"]).parent.name
            if re.fullmatch("[0-9a-f]{40}", folder):
                return folder
    return ""


def _refusal(hub: HubSet, error: Exception, *, offline: bool) -> DataError:
    if offline:
        return DataError(
            f"The hub cannot be reached, and no copy of its data set {hub.id} is kept here.",
            hint="Use synthetic (embedded), a file or folder of JSONL, CSV or Parquet, or local copies "
            "(<name>.train.jsonl and so on) in a folder named with --data.",
        )
    return DataError(
        f"The hub's data set {hub.id} cannot be loaded: {say_reason(error)}.",
        hint="Check its id, revision and access.",
    )
