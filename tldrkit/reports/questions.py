"""What runs are compared for: the questions of the protocol, and how each outcome reads.

Knows labels and words; knows no numbers but the bound it quotes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tldrkit.reports.coverage import explain_scope, limit_verdict
from tldrkit.scoring.intervals import LEVEL, Difference
from tldrkit.specs import QuestionSpec

NOT_SHOWN = "not shown"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What ``label`` minus ``against`` is computed for, and how each outcome reads."""

    label: str
    against: str
    text: str
    higher: str
    lower: str
    unshown: str

    def choose_answer(self, difference: Difference, p_adjusted: float, scope: str) -> str:
        """Choose the sentence that fits a difference in points, and say what it is said of."""
        if not _is_shown(difference, p_adjusted):
            return self.unshown.format(loss=max(0.0, -difference.low))
        answer = self.higher if difference.is_higher else self.lower
        return f"{answer} {explain_scope(scope)}".rstrip()


QUESTIONS = (
    Question(
        label="B",
        against="A",
        text="Keeps quality?",
        higher="B scores higher than A.",
        lower="B loses quality.",
        unshown="No loss is shown; one of up to {loss:.2f} points is not excluded.",
    ),
    Question(
        label="B",
        against="C",
        text="Is it the dendrites?",
        higher="B scores above the same network without dendrites.",
        lower="The dendrites cost quality.",
        unshown="Nothing here shows that the dendrites help.",
    ),
    Question(
        label="B",
        against="D",
        text="Or merely the extra parameters?",
        higher="B scores above a plain network of its size.",
        lower="A plain network of the same size scores higher: the parameters are better spent there.",
        unshown="A plain network of the same size may do as well.",
    ),
    Question(
        label="C",
        against="A",
        text="What does compression cost?",
        higher="The compressed network scores higher.",
        lower="Compression alone costs quality.",
        unshown="No cost is shown; one of up to {loss:.2f} points is not excluded.",
    ),
    Question(
        label="E",
        against="C",
        text="Does the teacher help?",
        higher="E scores above the same network without a teacher.",
        lower="The teacher costs quality.",
        unshown="Nothing here shows that the teacher helps.",
    ),
    Question(
        label="E",
        against="A",
        text="Keeps quality, taught?",
        higher="E scores higher than A.",
        lower="E loses quality.",
        unshown="No loss is shown; one of up to {loss:.2f} points is not excluded.",
    ),
    Question(
        label="F",
        against="E",
        text="Do dendrites help beside a teacher?",
        higher="F scores above the same taught network without dendrites.",
        lower="The dendrites cost quality.",
        unshown="Nothing here shows that the dendrites help.",
    ),
    Question(
        label="F",
        against="A",
        text="Keeps quality, taught and with dendrites?",
        higher="F scores higher than A.",
        lower="F loses quality.",
        unshown="No loss is shown; one of up to {loss:.2f} points is not excluded.",
    ),
)


def choose_verdict(difference: Difference, p_adjusted: float, scope: str) -> str:
    """Choose ``shown (higher)`` or ``shown (lower)`` where p and interval say so, else ``not shown``."""
    if not _is_shown(difference, p_adjusted):
        return NOT_SHOWN
    return limit_verdict("shown (higher)" if difference.is_higher else "shown (lower)", scope)


def _is_shown(difference: Difference, p_adjusted: float) -> bool:
    return p_adjusted < 1 - LEVEL and (difference.is_higher or difference.is_lower)


def choose_questions(
    labels: Sequence[str], compared_with: str, given: Sequence[QuestionSpec] = ()
) -> list[Question]:
    """Choose the questions that these labels can answer: those given, then the protocol's, each pair once.

    Args:
        labels: Labels at hand.
        compared_with: The label that those without a question are set against.
        given: What is asked beside the protocol.
    """
    known = [_ask(one.label, one.against, one.text) for one in given] + [*QUESTIONS]
    first: dict[tuple[str, str], Question] = {}
    for one in known:
        if {one.label, one.against} <= {*labels}:
            first.setdefault((one.label, one.against), one)
    questions = [*first.values()]
    asked = {label for question in questions for label in (question.label, question.against)}
    return questions + [
        _ask(label, compared_with) for label in labels if label not in asked and label != compared_with
    ]


def _ask(label: str, against: str, text: str = "") -> Question:
    return Question(
        label=label,
        against=against,
        text=text or "Does it differ?",
        higher=f"{label} scores higher than {against}.",
        lower=f"{label} scores lower than {against}.",
        unshown="No difference is shown.",
    )
