"""What a request may ask for, by Hugging Face's contract for summarization.

Knows JSON values and threads; knows nothing of HTTP.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tldrkit.errors import DataError
from tldrkit.specs import Search
from tldrkit.specs.problems import describe_problem
from tldrkit.specs.search import MOST_BAD_WORDS, EarlyStopping
from tldrkit.threads import BrokenThread, Thread, build_thread, parse_threads
from tldrkit.threads.thread import MOST_OF_THREAD

ThreadInput = str | dict[str, Any]

_ANY = (True, False)
NEUTRAL: Mapping[str, tuple[object, ...]] = {
    "best_of": (1,),
    "decoder_input_details": (False,),
    "details": _ANY,  # a stream's last event has them, whether they are asked for or not
    "diversity_penalty": (0,),
    "do_sample": (False,),
    "encoder_no_repeat_ngram_size": (0,),
    "encoder_repetition_penalty": (1,),
    "epsilon_cutoff": (0,),
    "eta_cutoff": (0,),
    "frequency_penalty": (0,),
    "num_beam_groups": (1,),
    "num_return_sequences": (1,),
    "penalty_alpha": (0,),
    "remove_invalid_values": (False,),
    "return_full_text": (False,),
    "stop": ([],),
    "temperature": (0, 1),
    "top_k": (0, 50),
    "top_n_tokens": (0,),
    "top_p": (1,),
    "typical_p": (1,),
    "use_cache": _ANY,
    "watermark": (False,),
}
"""What clients of transformers, text-generation-inference and the old Inference API send, and values that
leave a summary as it is. Others cannot be honoured, as tokens are searched for and not drawn."""


class Generation(BaseModel):
    """How a summary is written; what cannot be honoured is refused."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=lambda schema: schema["properties"].update(
            {name: {"enum": [None, *values]} for name, values in NEUTRAL.items()}
        ),
    )

    max_new_tokens: int | None = Field(default=None, ge=1, description="Tokens of the summary at most.")
    max_length: int | None = Field(default=None, ge=2, description="The same, the start mark counted.")
    min_new_tokens: int | None = Field(default=None, ge=0, description="Tokens of the summary at least.")
    min_length: int | None = Field(default=None, ge=0, description="The same, the start mark counted.")
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
    early_stopping: EarlyStopping | None = Field(
        default=None,
        description="When beam search stops: true, once as many summaries have ended as there are beams; "
        "false, once no other is likely to be better; never, once none can be.",
    )
    forced_bos_token_id: int | None = Field(
        default=None, ge=0, description="Number of the token that summaries begin with."
    )
    forced_eos_token_id: int | None = Field(
        default=None, ge=0, description="Number of the token that ends the longest summaries."
    )
    bad_words: str | None = Field(
        default=None,
        max_length=MOST_BAD_WORDS,
        description="Words, between commas, that are never written.",
    )
    truncation: Literal["longest_first", "only_first", "only_second", "do_not_truncate"] | None = Field(
        default=None,
        description="Of a text that is longer than the model reads, the most central parts are read; with "
        "do_not_truncate it is refused.",
    )
    clean_up_tokenization_spaces: bool | None = Field(
        default=None, description="Marks stand as people write them, always."
    )
    seed: int | None = Field(default=None, description="Nothing is drawn, so it changes nothing.")

    @model_validator(mode="before")
    @classmethod
    def _leave_out_neutral(cls, given: Any) -> Any:  # noqa: ANN401  (JSON values)
        """Leave out what changes nothing.

        Raises:
            ValueError: One of those parameters would change something.
        """
        if not isinstance(given, dict):
            return given
        for name, values in NEUTRAL.items():
            value = given.get(name)
            if value is not None and value not in values:
                allowed = " or ".join(map(json.dumps, values))
                raise ValueError(
                    f"{name} cannot be honoured, as nothing is sampled here: it must be {allowed}"
                )
        return {name: value for name, value in given.items() if name not in NEUTRAL}

    @property
    def whole(self) -> bool:
        """Whether a text that is longer than the model reads is to be refused."""
        return self.truncation == "do_not_truncate"

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

    def merge(self) -> Generation:
        """Merge both places; the nested one wins."""
        nested = self.generate_parameters or Generation()
        own = {name: getattr(self, name) for name in Generation.model_fields}
        return Generation(**own | nested.model_dump(exclude_none=True))


class Wishes(BaseModel):
    """What the old Inference API takes as `options`; here models are always loaded, and nothing is kept."""

    model_config = ConfigDict(extra="forbid")

    use_cache: bool | None = None
    wait_for_model: bool | None = None
    use_gpu: Literal[False] | None = None


class Asked(BaseModel):
    """The contract's request: `inputs` is a text, a thread, or a list of them."""

    model_config = ConfigDict(extra="forbid")

    inputs: ThreadInput | list[ThreadInput] = Field(
        description="A text, a forum thread as JSON, or a list of them."
    )
    parameters: Parameters | None = None
    options: Wishes | None = None
    stream: bool | None = Field(
        default=None, description="Whether to answer with events while the summary is written; for one input."
    )


class Answer(BaseModel):
    """The contract's answer, one in a list for each input."""

    summary_text: str


def read_inputs(inputs: ThreadInput | list[ThreadInput], most: int) -> list[Thread]:
    """Read the threads of a request; a text is one of one post.

    Raises:
        DataError: There is none, one holds no text, or there are more than `most`.
    """
    items = inputs if isinstance(inputs, list) else [inputs]
    check_count(len(items), most)
    return [_read_input(item, f"request-{number + 1}") for number, item in enumerate(items)]


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
    names = [str(part) for part in found["loc"] if part not in ("body", "query")]
    if not names:
        return NO_OBJECT
    if names[0] == "inputs" and found["type"] != "missing":
        return "inputs: give a text, a thread (a JSON object), or a list of them."
    return f"{'.'.join(names)}: {describe_problem(found)}."


def _count(new_tokens: int | None, length: int | None) -> int | None:
    return max(0, length - 1) if new_tokens is None and length is not None else new_tokens


def _read_input(item: ThreadInput, name: str) -> Thread:
    if not isinstance(item, str):
        return build_thread(item, name)
    if not item.strip():
        raise DataError("inputs: a text is empty.")
    return Thread.of_text(name, item[:MOST_OF_THREAD])
