"""How tokens are searched for, beside what a model's own generation defaults say."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from tldrkit.specs.spec import Spec, added_field
from tldrkit.specs.taught import MOST_BEAMS

AS_DEFAULTS = "the model's generation defaults"
MOST_BAD_WORDS = 1000  # characters: each word is looked for at every place of a summary
_SWITCH = TypeAdapter(bool)


def _read_switch(value: object) -> object:
    """Read true and false as pydantic reads them, out of texts too; anything else is left as it is."""
    try:
        return _SWITCH.validate_python(value)
    except ValidationError:
        return value


EarlyStopping = Annotated[Literal[True, False, "never"], BeforeValidator(_read_switch)]
"""When beam search ends, in the words of transformers (``Beams`` in ``writing/compiled/search.py``)."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is asked for otherwise than a model's generation defaults say; None leaves them as they are.

    Args:
        no_repeat_ngram_size: Never write the same N tokens in a row twice; 0 allows it.
        repetition_penalty: What makes tokens less likely that were written before; 1 for none.
        length_penalty: Power of the length that a beam's log-probability is divided by.
        early_stopping: When beam search stops: True, once as many summaries have ended as there are beams;
            False, once no other is likely to be better; "never", once none can be.
        forced_bos_token_id: Token that every summary begins with.
        forced_eos_token_id: Token that a summary of the most tokens ends with.
        bad_words: Words that are never written, between commas, beside those that the defaults forbid.
    """

    no_repeat_ngram_size: int | None = None
    repetition_penalty: float | None = None
    length_penalty: float | None = None
    early_stopping: EarlyStopping | None = None
    forced_bos_token_id: int | None = None
    forced_eos_token_id: int | None = None
    bad_words: str | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What is asked for."""
        return {name: value for name, value in asdict(self).items() if value is not None}


AS_IT_IS = Search()
"""A search by a model's own generation defaults."""


class SearchSpec(Spec):
    """How tokens are searched for."""

    num_beams: int = Field(4, ge=1, le=MOST_BEAMS, description="Beams of the search; 1 is greedy.")
    no_repeat_ngram_size: int | None = Field(
        None, ge=0, description=f"Never write the same N tokens in a row twice; 0 allows it. [{AS_DEFAULTS}]"
    )
    repetition_penalty: float | None = Field(
        None, gt=0, description=f"Above 1, tokens written before become less likely. [{AS_DEFAULTS}]"
    )
    length_penalty: float | None = Field(
        None, description=f"Beam search: a larger value gives longer summaries. [{AS_DEFAULTS}]"
    )
    early_stopping: EarlyStopping | None = Field(
        None,
        description="When beam search stops: true, once there are as many summaries as beams; false, "
        f"once no other is likely to be better; never, once none can be. [{AS_DEFAULTS}]",
    )
    forced_bos_token_id: int | None = added_field(
        None, ge=0, description=f"Number of the token that summaries begin with. [{AS_DEFAULTS}]"
    )
    forced_eos_token_id: int | None = added_field(
        None, ge=0, description=f"Number of the token that ends the longest summaries. [{AS_DEFAULTS}]"
    )
    bad_words: str | None = added_field(
        None,
        max_length=MOST_BAD_WORDS,
        description="Words, between commas, that are never written, beside those that the model's generation "
        "defaults forbid.",
    )

    @property
    def search(self) -> Search:
        """What is asked for otherwise than a model's generation defaults say."""
        return Search(**{name: getattr(self, name) for name in Search.__dataclass_fields__})
