"""The embedded data set: forum threads with author-like TL;DRs, made from a seed.

Knows how a thread runs (a question, advice, doubt, chatter, an outcome) and how its author would sum it up;
its words are in `synthetic_lexicon` and `synthetic_templates`. Knows no files and no networks.

A TL;DR combines several posts and says most of it in other words, so copying sentences does badly. A text
depends on its split and number alone and is the same in every process and Python version: draws use only
``random.Random.random``, whose sequence Python guarantees. A scenario (thing, problem, two causes) belongs to
one split, so no document is in two of them and tests ask for combinations never shown in training.
"""

import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tldrkit.datasets.examples import Example
from tldrkit.datasets.synthetic import templates as templates
from tldrkit.datasets.synthetic.lexicon import Cause, Phrase, Topic, read_limits, read_topics
from tldrkit.errors import DataError
from tldrkit.threads import Post, Thread

SEED = 20240229
COUNTS = {"train": 12_000, "validation": 100, "test": 400}
IDENTITY: dict[str, object] = {"source": "synthetic", "version": 3, "seed": SEED, "examples": COUNTS}
"""What the texts depend on; the version rises with every change of a split's texts."""

RARE = 0.2  # how often a TL;DR takes the rarer wording, which no reader of the thread can foresee

T = TypeVar("T")


@dataclass(frozen=True)
class Advice:
    """One opinion: who holds it, the cause as worded in the thread, and a fix."""

    name: str
    said: str
    cause: Phrase
    fix: Phrase

    def spell(self, role: str) -> dict[str, str]:
        """Name its words: as posts say them (cause, fix, fixed) and as a TL;DR does (why, cure)."""
        told, done = self.fix.posts
        return {
            role: self.name,
            f"{role}_cause": self.said,
            f"{role}_fix": told,
            f"{role}_fixed": done,
            f"{role}_why": self.cause.summary,
            f"{role}_cure": self.fix.summary,
        }


@dataclass(frozen=True)
class Scenario:
    """What a thread is about, before any word of it is written."""

    topic: Topic
    thing: Phrase
    problem: Phrase
    outcome: str
    causes: tuple[Cause, ...]  # the helper's, and the doubter's where somebody doubts

    @property
    def split(self) -> str:
        """The split it belongs to: 8 in 10 train, 1 validation, 1 test."""
        causes = sorted(cause.phrase.summary for cause in self.causes)
        key = "|".join((self.thing.summary, self.problem.summary, *causes))
        return {0: "validation", 1: "test"}.get(zlib.crc32(key.encode()) % 10, "train")


@dataclass(frozen=True)
class Plot:
    """A thread before it is written: how it ends, who takes part, and the words templates may use."""

    outcome: str
    asker: str
    roles: dict[str, Advice]
    others: tuple[str, ...]
    words: dict[str, str]

    def fill(self, template: str) -> str:
        """Put the words in; a capital letter in a slot's name makes one in the text."""
        return template.format_map(self.words)


class Dice:
    """Draws that are the same in every Python version."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def pick(self, values: Sequence[T]) -> T:
        """Draw one value."""
        return values[int(self._random() * len(values))]

    def draw(self, values: Sequence[T], count: int) -> tuple[T, ...]:
        """Draw several values, none twice."""
        rest = list(values)
        return tuple(rest.pop(int(self._random() * len(rest))) for _ in range(count))

    def chance(self, rate: float) -> bool:
        """Say yes at this rate."""
        return self._random() < rate


def _draw_scenario(dice: Dice, split: str) -> Scenario:
    while True:
        topic = dice.pick(read_topics())
        outcome = dice.pick(tuple(templates.SUMMARIES))
        causes = dice.draw(topic.causes, 1 if outcome == "helped" else 2)
        scenario = Scenario(topic, dice.pick(topic.things), dice.pick(topic.problems), outcome, causes)
        if scenario.split == split:
            return scenario


def _draw_advice(dice: Dice, name: str, cause: Cause) -> Advice:
    return Advice(name, dice.pick(cause.phrase.posts), cause.phrase, dice.pick(cause.fixes))


def _draw_roles(dice: Dice, scenario: Scenario, names: Sequence[str]) -> dict[str, Advice]:
    """Give out the roles that templates know; the names are the asker, the helper and the doubter."""
    spare = [cause for cause in scenario.topic.causes if cause not in scenario.causes]
    own = _draw_advice(dice, names[0], dice.pick(spare))
    right, *doubts = [_draw_advice(dice, *pair) for pair in zip(names[1:], scenario.causes, strict=False)]
    roles = {"own": own, "helper": right, "first": right}
    for wrong in doubts:
        turned = scenario.outcome == "second" or dice.chance(0.5)
        first, later = (wrong, right) if turned else (right, wrong)
        roles |= {"doubter": wrong, "first": first, "later": later}
    return roles


def _draw_plot(dice: Dice, scenario: Scenario) -> Plot:
    begun = dice.draw(templates.BEGINNINGS, 6)
    asker, helper, doubter, *others = [begin + dice.pick(templates.ENDINGS) for begin in begun]
    roles = _draw_roles(dice, scenario, (asker, helper, doubter))
    formal = dice.chance(0.5)
    limit = dice.pick(read_limits()) if dice.chance(0.5) else None
    end = dice.pick(scenario.topic.ends)
    owner = f"{asker}'s" if formal else "My"
    opening = f"{owner} {scenario.thing.summary} {scenario.problem.summary}"
    words = {
        "greeting": dice.pick(templates.GREETINGS[formal]),
        "thing": scenario.thing.posts[0],
        "problem": dice.pick(scenario.problem.posts),
        "limit": f" {_capitalize(dice.pick(limit.posts))}." if limit else "",
        "end": end.posts[0],
        "opening": f"{opening}, {limit.summary}" if limit else opening,
        "who": asker if formal else "I",
        "ended": end.summary,
    }
    for role, advice in roles.items():
        words |= advice.spell(role)
    words |= {_capitalize(slot): _capitalize(word) for slot, word in words.items()}
    return Plot(scenario.outcome, asker, roles, tuple(others), words)


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _write_posts(dice: Dice, plot: Plot) -> Iterator[Post]:
    """Write the posts in the order a forum shows them: question, advice, doubt, outcome; noise between."""

    def say(author: str, wordings: Sequence[str]) -> Post:
        return Post(author=author, text=plot.fill(dice.pick(wordings)))

    yield say(plot.asker, templates.OPENINGS)
    if dice.chance(0.25):
        yield say(plot.others[0], templates.CHATTER)
    if dice.chance(0.4):
        question, answer = dice.pick(templates.CLARIFICATIONS)
        yield say(dice.pick(plot.others), (question,))
        yield say(plot.asker, (answer,))
    yield say(plot.roles["first"].name, templates.ADVICE)
    if "later" in plot.roles:
        if dice.chance(0.3):
            yield say(plot.others[1], templates.CHATTER)
        yield say(plot.roles["later"].name, templates.DOUBTS)
        if dice.chance(0.3):
            yield say(plot.others[2], templates.VOTES)
    if dice.chance(0.35):
        yield say(dice.pick(plot.others), templates.CHATTER)
    if plot.outcome != "open" or dice.chance(0.6):
        yield say(plot.asker, templates.REPORTS[plot.outcome])
    if plot.outcome in templates.SOLVED and dice.chance(0.3):
        yield say(dice.pick(plot.others), templates.THANKS)


def _write_summary(dice: Dice, plot: Plot) -> str:
    usual, rare = templates.SUMMARIES[plot.outcome]
    return plot.fill(rare if dice.chance(RARE) else usual)


def generate_threads(split: str) -> list[tuple[Thread, str]]:
    """Make the threads of a split, each with its TL;DR.

    Args:
        split: ``train``, ``validation`` or ``test``.

    Raises:
        DataError: There is no such split.
    """
    if split not in COUNTS:
        raise DataError(
            f"The synthetic data set has no split {split!r}.", hint=f"Its splits are {', '.join(COUNTS)}."
        )
    return [_make_thread(split, number) for number in range(COUNTS[split])]


def _make_thread(split: str, number: int) -> tuple[Thread, str]:
    dice = Dice(f"{SEED}-{split}-{number}")
    plot = _draw_plot(dice, _draw_scenario(dice, split))
    title = plot.fill(dice.pick(templates.TITLES))
    posts = tuple(_write_posts(dice, plot))
    return Thread(id=f"{split}-{number}", title=title, posts=posts), _write_summary(dice, plot)


def generate_examples(split: str) -> list[Example]:
    """Make the examples of a split; see `generate_threads`."""
    return [Example(thread.id, thread.document(), (summary,)) for thread, summary in generate_threads(split)]
