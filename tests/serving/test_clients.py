"""The clients of Hugging Face themselves, against the server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.conftest import Server

PACKAGE = "@huggingface/inference@4.13.30"
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
try:
    client.summarization("")
except Exception as error:
    print(json.dumps(str(error)))
"""


@pytest.fixture(scope="session")
def javascript(pytestconfig: pytest.Config) -> Path:
    """A folder where node finds the client, kept between runs."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("node and npm are not installed")
    folder = Path(pytestconfig.cache.mkdir("javascript"))  # type: ignore[union-attr]
    if not (folder / "node_modules/@huggingface/inference").is_dir():
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=120)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"npm could not install {PACKAGE}: {error}")
    (folder / "client.mjs").write_text(JAVASCRIPT)
    return folder / "client.mjs"


def expect(server: Server) -> list[object]:
    """What both clients are to show: two summaries, and an error's own words."""
    short = {"inputs": "The fan is loud.", "parameters": {"max_new_tokens": 8}}
    return [
        server.http.post("/", json=short).json()[0],
        server.http.post("/?model=two", json={"inputs": "The fan is loud."}).json()[0],
    ]


def test_the_javascript_client_works_unchanged(server: Server, javascript: Path) -> None:
    """The client of npm gives our summaries, and our sentence where we refuse."""
    command = ["node", str(javascript), server.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    *summaries, refusal = map(json.loads, done.stdout.splitlines())

    assert summaries == expect(server)
    assert refusal == "Failed to perform inference: inputs: a text is empty."


def test_the_python_client_works_unchanged(server: Server) -> None:
    """The hub's own client gives our summaries, and our sentence where we refuse."""
    command = [sys.executable, "-c", PYTHON, server.address]
    online = os.environ | {"HF_HUB_OFFLINE": "0", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=online)
    *summaries, refusal = map(json.loads, done.stdout.splitlines())

    assert [one["summary_text"] for one in summaries] == [one["summary_text"] for one in expect(server)]
    assert "inputs: a text is empty." in refusal
