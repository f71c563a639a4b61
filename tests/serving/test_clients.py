"""The clients of Hugging Face themselves, against the server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.conftest import Server

ROUTES = Path(__file__).parents[2] / "examples/nextjs"
GUIDE = Path(__file__).parents[2] / "docs/how-to/web.md"
JAVASCRIPT = """
import { InferenceClient, summarization } from "@huggingface/inference";
const url = process.argv[2];
const say = async work => console.log(JSON.stringify(await work.catch(error => error.message)));
const client = new InferenceClient(undefined, { endpointUrl: url });
await say(client.summarization({ inputs: "The fan is loud.", parameters: { max_length: 9 } }));
await say(summarization({ endpointUrl: url + "/summarization?model=two", inputs: "The fan is loud." }));
await say(client.summarization({ inputs: "" }));
"""
PYTHON = """
import json, sys
from huggingface_hub import InferenceClient
url = sys.argv[1]
client = InferenceClient(model=url)
print(json.dumps(client.summarization("The fan is loud.", generate_parameters={"max_new_tokens": 8})))
print(json.dumps(InferenceClient(base_url=url + "/?model=two").summarization("The fan is loud.")))
told = client.text_generation("The fan is loud.", stream=True, details=True, max_new_tokens=8)
*pieces, last = [(one.token.text, one.generated_text) for one in told]
print(json.dumps({"summary_text": last[1]}))
assert "".join(text for text, _ in pieces) == last[1], pieces
try:
    client.summarization("")
except Exception as error:
    print(json.dumps(str(error)))
"""


@pytest.fixture(scope="session")
def javascript(pytestconfig: pytest.Config) -> Path:
    """A folder with the routes of the example and what they need, kept between runs."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("node and npm are not installed")
    folder = Path(pytestconfig.cache.mkdir("javascript"))  # type: ignore[union-attr]
    shutil.copytree(ROUTES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    try:
        subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=180)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm could not install what the example needs: {error}")
    (folder / "client.mjs").write_text(JAVASCRIPT)
    return folder / "client.mjs"


def expect(server: Server) -> list[dict[str, str]]:
    """What both clients are to show: two summaries, and an error's own words."""
    short = {"inputs": "The fan is loud.", "parameters": {"max_new_tokens": 8}}
    return [
        server.http.post("/", json=short).json()[0],
        server.http.post("/?model=two", json={"inputs": "The fan is loud."}).json()[0],
    ]


def test_the_javascript_client_works_unchanged(server: Server, javascript: Path) -> None:
    """The client of npm gives our summaries, and our sentence where we refuse."""
    command = ["node", str(javascript), server.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    *summaries, refusal = map(json.loads, done.stdout.splitlines())

    assert summaries == expect(server)
    assert refusal == "Failed to perform inference: inputs: a text is empty."


def test_the_routes_of_the_example_work(server: Server, javascript: Path) -> None:
    """Its own tests pass against the server, and the guide shows the route as it stands there."""
    environment = os.environ | {"TLDR_URL": server.address}
    done = subprocess.run(
        ["npm", "test"], cwd=javascript.parent, env=environment, capture_output=True, text=True, timeout=600
    )

    assert done.returncode == 0, done.stdout
    assert f"```ts\n{(ROUTES / 'app/api/tldr/route.ts').read_text()}```" in GUIDE.read_text()


def test_the_python_client_works_unchanged(server: Server) -> None:
    """The hub's own client gives our summaries, streams too, and our sentence where we refuse."""
    command = [sys.executable, "-c", PYTHON, server.address]
    online = os.environ | {"HF_HUB_OFFLINE": "0", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True, env=online)
    *summaries, refusal = map(json.loads, done.stdout.splitlines())

    plain, other = (one["summary_text"] for one in expect(server))
    assert [one["summary_text"] for one in summaries] == [plain, other, plain]
    assert "inputs: a text is empty." in refusal
