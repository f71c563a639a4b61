// The routes as Next.js calls them, against a server at TLDR_URL: `tldrkit serve REF`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { POST as summarize } from "../app/api/tldr/route.ts";
import { POST as stream } from "../app/api/tldr/stream/route.ts";

const ask = (thread: string) =>
  new Request("http://localhost/api/tldr", { method: "POST", body: JSON.stringify({ thread }) });

const thread = "ann: The fan is loud.\n\nbob: Oil it.";
const answer = await summarize(ask(thread));
const { tldr } = (await answer.json()) as { tldr: string };

test("a thread is summarized", () => {
  assert.equal(answer.status, 200);
  assert.ok(tldr.length > 0);
});

test("a summary comes while it is written, and is the same", async () => {
  const text = await (await stream(ask(thread))).text();
  const events = text.split("\n").filter(Boolean).map((line) => JSON.parse(line.replace(/^data:/, "")));
  assert.equal(events.map((event) => event.token.text).join(""), tldr);
  assert.equal(events.at(-1).generated_text, tldr);
  assert.ok(events.length > 2);
});

test("what the server refuses is told in its words", async () => {
  for (const route of [summarize, stream]) {
    const refused = await route(ask(""));
    assert.equal(refused.status, 502);
    assert.match(((await refused.json()) as { error: string }).error, /a text is empty/);
  }
});
