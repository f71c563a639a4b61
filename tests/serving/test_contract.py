import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving.conftest import Server
from tests.threads.sample_pages import FLAT, page
from tldrkit.families.summarizer import load_summarizer
from tldrkit.records.inputs import Item
from tldrkit.records.summaries import build_record
from tldrkit.serving.app import _describe_summary
from tldrkit.serving.contract import NEUTRAL
from tldrkit.serving.service import name_models
from tldrkit.specs import SummarizeSpec
from tldrkit.threads import Post, Thread
from tldrkit.threads.thread import WORDLESS
from tldrkit.writing.long_threads import Summary, ThreadSummarizer

THREAD = {"title": "Fan", "posts": [{"author": "a", "text": "It is loud."}, {"text": ""}]}
PAGE = page([FLAT["phpBB 3"].replace("TEXT", "It is loud.")]).decode()
JSON = {"content-type": "application/json"}

Values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("path", ["/", "/summarization"])
def test_a_text_is_answered_by_a_list_of_one(server: Server, models: Path, path: str) -> None:
    """The contract's answer is a list, and its text what `summarize` writes, however long the input is."""
    summarize = ThreadSummarizer(load_summarizer(models / "one"), SummarizeSpec(max_tokens=16))
    for text in ("The fan is loud.", "It hums. Who knows why? " * 300):
        (expected,) = summarize([Thread(id="", title="", posts=(Post(author="", text=text),))])
        answer = server.http.post(path, json={"inputs": text})
        assert (answer.status_code, answer.json()) == (200, [{"summary_text": expected.text}])


def test_texts_and_threads_are_answered_in_order(server: Server) -> None:
    """A list of inputs, texts and threads mixed, gives as many summaries, each as if asked alone."""
    inputs = ["one text", THREAD, "a longer text than the first"]
    alone = [server.http.post("/", json={"inputs": one}).json()[0] for one in inputs]

    assert server.http.post("/", json={"inputs": inputs}).json() == alone


def test_generation_is_asked_for_in_either_place(server: Server) -> None:
    """Parameters hold, nested or not, and cut the summary; the start mark counts in max_length."""
    asked = [
        {"max_new_tokens": 4},
        {"max_length": 5},
        {"generate_parameters": {"max_new_tokens": 4}},
        {
            "max_length": 9,
            "min_length": 5,
            "generate_parameters": {"max_new_tokens": 4},
            "truncation": "only_first",
        },
    ]
    texts = [server.http.post("/", json={"inputs": "x", "parameters": one}).json() for one in asked]

    assert texts[0] == texts[1] == texts[2] == texts[3]
    assert texts[0] != server.http.post("/", json={"inputs": "x"}).json()
    most = server.http.post("/", json={"inputs": "x", "parameters": {"max_new_tokens": 999}}).json()
    assert most == server.http.post("/", json={"inputs": "x"}).json()


@pytest.mark.parametrize(
    "parameters",
    [
        *({name: value} for name, values in NEUTRAL.items() for value in (None, *values)),
        {"temperature": 1.0, "top_p": 1.0, "min_length": 0, "seed": 7},
        {
            "min_length": None,
            "max_length": None,
            "truncation": None,
            "generate_parameters": {"do_sample": False},
        },
        {"clean_up_tokenization_spaces": True, "truncation": "do_not_truncate"},
        {"clean_up_tokenization_spaces": False, "truncation": "only_second"},
    ],
    ids=str,
)
def test_what_changes_nothing_is_taken(server: Server, parameters: dict[str, object]) -> None:
    """What clients send along at its usual value leaves the summary as it is, in either place."""
    plain = server.http.post("/", json={"inputs": "x"}).json()
    options = {"use_cache": False, "wait_for_model": True, "use_gpu": False}

    for asked in (parameters, {"generate_parameters": parameters}):
        if "generate_parameters" not in parameters or asked is parameters:
            answer = server.http.post("/", json={"inputs": "x", "parameters": asked, "options": options})
            assert (answer.status_code, answer.json()) == (200, plain)


@pytest.mark.parametrize("name", [name for name in NEUTRAL if name not in ("details", "use_cache")])
def test_what_would_change_something_is_refused_by_name(server: Server, name: str) -> None:
    """Where a parameter asks for what is not done here, the sentence names it and the value that is."""
    answer = server.http.post("/", json={"inputs": "x", "parameters": {name: 0.3}})

    assert answer.status_code == 422
    assert f"{name} cannot be honoured" in answer.json()["error"]


def test_a_text_that_may_not_be_cut_is_refused_if_it_is_too_long(server: Server) -> None:
    """`do_not_truncate` is honoured or refused."""
    asked = {"parameters": {"truncation": "do_not_truncate"}}
    short, long = (server.http.post("/", json={"inputs": "It is. " * n, **asked}) for n in (2, 2000))

    assert (short.status_code, long.status_code) == (200, 422)
    assert "do_not_truncate" in long.json()["error"]


def test_what_is_refused_for_its_length_is_not_written(server: Server) -> None:
    """Nothing is written for a text that may not be cut and is too long, streamed or not."""
    asked = {"inputs": "It is. " * 2000, "parameters": {"truncation": "do_not_truncate"}}
    before = server.count("tldrkit_batch_documents_sum")
    answers = [server.http.post("/", json=asked | {"stream": stream}) for stream in (False, True)]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert server.count("tldrkit_batch_documents_sum") == before


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ('{"inputs": ', 400, "no JSON"),
        ("[]", 422, "JSON object"),
        ("{}", 422, "inputs: it is missing."),
        ('{"inputs": 3}', 422, "a text, a thread"),
        ('{"inputs": " "}', 422, "empty"),
        ('{"inputs": []}', 422, "at least one document, and at most 256"),
        ('{"inputs": {"a": 1}}', 422, "unknown shape"),
        ('{"inputs": "x", "parameters": {"temperature": 2}}', 422, "temperature"),
        ('{"inputs": "x", "parameters": {"num_beams": 99}}', 422, "at most 4"),
        ('{"inputs": "x", "parameters": {"min_length": 99}}', 422, "16 tokens at most"),
        (
            '{"inputs": "x", "parameters": {"max_new_tokens": 0}}',
            422,
            "parameters.max_new_tokens: it must be at least 1.",
        ),
        ('{"inputs": "x", "parameters": {"no_repeat_ngram_size": -1}}', 422, "no_repeat_ngram_size"),
        ('{"inputs": "x", "parameters": {"forced_bos_token_id": 99999}}', 422, "has no token 99,999"),
        (
            '{"inputs": "x", "parameters": {"early_stopping": "always"}}',
            422,
            "parameters.early_stopping: it must be true, false or 'never'.",
        ),
        ('{"inputs": "x", "parameters": {"max_time": 9}}', 422, "parameters.max_time: it is not known here."),
        ('{"inputs": "x", "max_length": 9}', 422, "max_length: it is not known here."),
        ('{"inputs": "x", "options": {"use_gpu": true}}', 422, "options.use_gpu: it must be false."),
        ('{"inputs": ["x", "y"], "stream": true}', 422, "give one input"),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_a_sentence(
    server: Server, body: str, status: int, sentence: str
) -> None:
    """Errors are `{"error": sentence}`, which the clients of the contract show."""
    answer = server.http.post("/", content=body, headers=JSON)

    assert answer.status_code == status
    assert sentence in answer.json()["error"]


def test_a_request_may_ask_for_another_search(server: Server) -> None:
    """Penalties, n-grams and forced tokens change what is written, for that request alone."""
    text = "to text some begin with text to begin some"
    plain = server.http.post("/", json={"inputs": text}).json()
    asked = {"no_repeat_ngram_size": 1, "repetition_penalty": 3.0, "early_stopping": True}
    never = asked | {"early_stopping": "never"}
    for parameters in (asked, never, {"forced_bos_token_id": 70, "bad_words": "text, with"}):
        assert server.http.post("/", json={"inputs": text, "parameters": parameters}).json() != plain
    assert server.http.post("/", json={"inputs": text}).json() == plain


def test_half_a_surrogate_pair_is_text_all_the_same(server: Server) -> None:
    """What JSON can hold and UTF-8 cannot is summarized or refused, never a failure."""
    assert server.http.post("/", content=r'{"inputs": "a \ud800 b"}', headers=JSON).status_code in (200, 422)
    thread = r'{"inputs": {"posts": ["a \ud800 b"]}}'
    assert server.http.post("/", content=thread, headers=JSON).status_code == 200


@pytest.mark.parametrize("body", [json.dumps(THREAD), "# Fan\n\na: It is loud.", PAGE])
def test_a_thread_is_read_in_every_shape(server: Server, body: str) -> None:
    """`/threads` takes what `summarize` reads from files."""
    answer = server.http.post("/threads", content=body)

    assert answer.status_code == 200
    assert answer.json()[0]["posts_used"] == 1


def test_threads_are_answered_one_by_one(server: Server) -> None:
    """Of several threads each has its summary and its posts counted, or its error; none at all is refused."""
    lines = "\n".join(json.dumps(one) for one in (THREAD | {"id": "t1"}, {"posts": 3}))
    answer = server.http.post("/threads", content=lines).json()

    assert (answer[0]["id"], answer[0]["posts_read"], answer[0]["posts_unused"]) == ("t1", 2, {"empty": 1})
    assert answer[0]["summary"]
    assert "error" in answer[1]
    refused = server.http.post("/threads", content="{}")
    assert (refused.status_code, list(refused.json())) == (422, ["error"])


def test_posts_that_are_not_read_are_not_said_to_be_used(server: Server) -> None:
    """Of a long thread `posts_used` counts the posts the network read, and the others are told."""
    posts = [
        {"author": f"a{n}", "text": f"post {n} about the lift, the door and the lamp"} for n in range(300)
    ]
    (answer,) = server.http.post("/threads", json={"title": "Long", "posts": posts}).json()

    assert answer["posts_read"] == 300
    assert 1 <= answer["posts_used"] < 100
    assert answer["posts_unused"] == {"not central": 300 - answer["posts_used"]}


def test_a_thread_that_is_far_is_told_of(server: Server) -> None:
    """By `/threads`, with the reason; Hugging Face's contract has no place for it."""
    text = "Ключ от подвала снова пропал, и никто не знает, у кого он сейчас."
    far, near = (server.http.post("/threads", json={"posts": [one]}).json()[0] for one in (text, "to text"))

    assert far["summary"]
    assert far["unfamiliar"].startswith("the model has no words for it")
    assert "unfamiliar" not in near
    assert list(server.http.post("/", json={"inputs": text}).json()[0]) == ["summary_text"]


def test_the_model_is_named_in_the_address(server: Server) -> None:
    """The first model answers unless `model` names another; one that is not served is not found."""
    texts = [
        server.http.post(f"/{query}", json={"inputs": "x"}).json()
        for query in ("", "?model=one", "?model=two")
    ]

    assert texts[0] == texts[1] != texts[2]
    missing = server.http.post("/?model=three", json={"inputs": "x"})
    assert (missing.status_code, "one, two" in missing.json()["error"]) == (404, True)


def test_models_answer_to_their_names_without_versions() -> None:
    """A reference, what was asked for, and the bare name mean a model; of two, the one asked for so."""

    def serve(*models: tuple[str, str]) -> Mapping[str, str]:
        return name_models([(reference, asked) for reference, asked in models])

    assert serve(("b/train@v3", "b/train"))["b/train"] == "b/train@v3"
    assert serve(("b/train@v3", "b/train@v3"))["b/train"] == "b/train@v3"
    both = serve(("b/train@v2", "b/train@v2"), ("b/train@v3", "b/train"))
    assert (both["b/train"], both["b/train@v2"]) == ("b/train@v3", "b/train@v2")


def test_probes_are_answered(server: Server) -> None:
    """Health, models and limits, counts and the page are there to be read."""
    info = server.http.get("/info").json()
    trained = [model["training"] for model in info["models"]]
    assert trained == [f"It is not known what {name} was trained on." for name in ("one", "two")]

    assert server.http.get("/health").status_code == 200
    assert [model["reference"] for model in info["models"]] == ["one", "two"]
    assert info["limits"]["body"] == 1_000_000
    assert 'tldrkit_requests_total{path="/health",status="200"}' in server.http.get("/metrics").text
    assert "<textarea" in server.http.get("/").text
    assert server.http.get("/nowhere").json() == {"error": "There is nothing at this address."}


@settings(max_examples=150)
@given(
    path=st.sampled_from(["/", "/summarization", "/threads"]),
    body=st.binary(max_size=60)
    | st.builds(json.dumps, Values)
    | st.builds(lambda value: json.dumps({"inputs": value}), Values)
    | st.builds(lambda value: json.dumps({"inputs": "x", "parameters": value}), Values),
)
def test_no_request_makes_the_server_fail(server: Server, path: str, body: bytes | str) -> None:
    """Whatever is sent gets an answer that is no server error; what is refused, an error in words."""
    answer = server.http.post(path, content=body, headers=JSON)

    assert answer.status_code in (200, 400, 404, 422)
    assert answer.status_code == 200 or isinstance(answer.json()["error"], str)


@pytest.mark.parametrize(("text", "words"), [("4", True), ("", False), ("。!", False)])
def test_a_summary_without_words_has_the_commands_reason(text: str, words: bool) -> None:
    """Records of the server and of `summarize` say the same of one summary."""
    thread = Thread(id="t", title="Fan", posts=(Post(author="a", text="It is loud."),))
    summary = Summary(text, "whole", (0,), ())
    own = _describe_summary(thread, summary, posts=False)
    written = build_record(Item(Path("t.json"), thread, Path("t.json")), json.dumps(summary.describe()))

    assert own == {name: value for name, value in written.items() if name != "file"}
    assert own.get("error") == (None if words else WORDLESS)
