"""What a request may ask for, by Hugging Face's contract for summarization.

Knows JSON values and threads; knows nothing of HTTP.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tldrkit.errors import DataError
from tldrkit.specs import Search
from tldrkit.specs.problems import describe_problem
from tldrkit.threads import BrokenThread, Thread, build_thread, parse_threads
from tldrkit.threads.thread import MOST_OF_THREAD

Inputs = str | dict[str, Any]


class Generation(BaseModel):
    """How a summary is written; what cannot be honoured is refused."""

    model_config = ConfigDict(extra="forbid")

    max_new_tokens: int | None = Field(default=None, ge=1, description="Tokens of the summary at most.")
    max_length: int | None = Field(default=None, ge=2, description="The same, the start mark counted.")
    min_new_tokens: int | None = Field(default=None, ge=0, description="Tokens of the summary at least.")
    min_length: int | None = Field(default=None, ge=1, description="The same, the start mark counted.")
    num_beams: int | None = Field(
        default=None, ge=1, description="Beams of the search; the server's number at most."
    )
    no_repeat_ngram_size: int | None = Field(
        default=None, ge=0, description="So many tokens in a row never come twice."
    )
    repetition_penalty: float | None = Field(
        default=None, gt=0, description="Above 1, tokens written before become less likely."
    )
    length_penalty: float | None = Field(default=None, description="The larger, the longer summaries are.")
    early_stopping: bool | None = Field(
        default=None, description="End once as many summaries have ended as there are beams."
    )
    do_sample: Literal[False] | None = None

    def find_search(self, own: Search) -> Search:
        """Find how to search: as asked, else as the server does."""
        asked = {name: getattr(self, name) for name in Search.__dataclass_fields__}
        return replace(own, **{name: value for name, value in asked.items() if value is not None})

    def find_tokens(self) -> tuple[int | None, int | None]:
        """Find the fewest and the most tokens asked for; None where nothing is."""
        return _count(self.min_new_tokens, self.min_length), _count(self.max_new_tokens, self.max_length)


class Parameters(Generation):
    """The contract's `parameters`; the Python client nests what concerns generation."""

    generate_parameters: Generation | None = None
    truncation: Literal["longest_first", "only_first"] | None = Field(
        default=None, description="A document that is too long is cut at its end, always."
    )
    clean_up_tokenization_spaces: Literal[False] | None = None

    def merge(self) -> Generation:
        """Merge both places; the nested one wins."""
        nested = self.generate_parameters or Generation()
        own = {name: getattr(self, name) for name in Generation.model_fields}
        return Generation(**own | nested.model_dump(exclude_none=True))


class Asked(BaseModel):
    """The contract's request: `inputs` is a text, a thread, or a list of them."""

    inputs: Inputs | list[Inputs] = Field(description="A text, a forum thread as JSON, or a list of them.")
    parameters: Parameters | None = None


class Summary(BaseModel):
    """The contract's answer, one in a list for each input."""

    summary_text: str


def read_documents(inputs: Inputs | list[Inputs], most: int) -> list[str]:
    """Read the documents of a request.

    Raises:
        DataError: There is none, one holds no text, or there are more than `most`.
    """
    items = inputs if isinstance(inputs, list) else [inputs]
    check_count(len(items), most)
    return [_read_document(item, number) for number, item in enumerate(items)]


def check_inputs(value: object, most: int) -> None:
    """Check what is read next for its size; whether it is right is found out by reading.

    Raises:
        DataError: A list of inputs is empty, or longer than `most`.
    """
    inputs = value.get("inputs") if isinstance(value, dict) else None
    if isinstance(inputs, list):
        check_count(len(inputs), most)


def read_thread_body(body: bytes, most: int) -> list[Thread | BrokenThread]:
    """Read the threads of a body in any known shape.

    Raises:
        DataError: None can be read, or there are more than `most`.
    """
    found: list[Thread | BrokenThread] = []
    for item in parse_threads(body, "request"):
        found.append(item)
        check_count(len(found), most)
    broken = [item.reason for item in found if isinstance(item, BrokenThread)]
    if len(broken) == len(found):
        raise DataError(broken[0] if broken else "This holds no thread.")
    return found


def check_count(count: int, most: int) -> None:
    """Check the number of documents in one request.

    Raises:
        DataError: There is none, or there are more than `most`.
    """
    if not 1 <= count <= most:
        raise DataError(f"A request holds at least one document, and at most {most:,}.")


NO_OBJECT = "The body must be a JSON object, sent as application/json."


def describe_request(found: Mapping[str, Any]) -> str:
    """Describe what pydantic found wrong with a request, in one sentence without the request's own text."""
    names = [str(part) for part in found["loc"] if part != "body"]
    if not names:
        return NO_OBJECT
    if names[0] == "inputs" and found["type"] != "missing":
        return "inputs: give a text, a thread (a JSON object), or a list of them."
    return f"{'.'.join(names)}: {describe_problem(found)}."


def _count(new_tokens: int | None, length: int | None) -> int | None:
    return length - 1 if new_tokens is None and length is not None else new_tokens


def _read_document(item: Inputs, number: int) -> str:
    text = (
        item[:MOST_OF_THREAD]
        if isinstance(item, str)
        else build_thread(item, f"request-{number + 1}").document()
    )
    if not text.strip():
        raise DataError("inputs: a text is empty.")
    return make_unicode(text)


def make_unicode(text: str) -> str:
    """Replace half surrogate pairs, which JSON can hold and no tokenizer takes."""
    return text.encode("utf-8", "replace").decode()
