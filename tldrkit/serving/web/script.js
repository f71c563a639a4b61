const element = id => document.getElementById(id);
const add = (parent, tag, text, kind = "") => {
  const child = parent.appendChild(document.createElement(tag));
  child.textContent = text;
  child.className = kind;
  return child;
};
const tries = JSON.parse(element("tries").textContent);
let stopping = new AbortController();

async function send(path, options = {}) {
  const token = element("token").value;
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(path, { ...options, headers });
  if (answer.status === 401) element("secret").hidden = false;
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  throw new Error(body.error);
}

// Events of an answer as they come, each a line `data:` with JSON.
async function* readEvents(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line.slice(5));
  }
}

async function introduce() {
  const { models } = await (await send("info")).json();
  const rows = element("facts").tBodies[0];
  element("models").replaceChildren();
  rows.replaceChildren();
  for (const model of models) {
    add(element("models"), "li", model.training);
    const { max_source_tokens: reads, max_target_tokens: writes, num_beams: beams } = model.decoding;
    const row = rows.insertRow();
    const [count, ...tokens] = [model.parameters, reads, writes].map(number => number.toLocaleString("en"));
    const told = [model.reference, count, ...tokens.map(most => `${most} tokens at most`), beams];
    for (const text of told) add(row, "td", text);
  }
  element("facts").hidden = false;
  for (const [id, field] of [["tokens", "max_target_tokens"], ["beams", "num_beams"]]) {
    element(id).max = Math.max(...models.map(model => model.decoding[field]));
    element(id).placeholder = element(id).max;
  }
  return models;
}

function address(reference) {
  const query = new URLSearchParams({ model: reference, posts: "true" });
  if (element("tokens").value) query.set("max_new_tokens", element("tokens").value);
  if (element("beams").value) query.set("num_beams", element("beams").value);
  return `threads?${query}`;
}

// The part of the page for one thread of what was pasted: a card for each model, and the posts.
function findThread(place) {
  const id = `thread-${place}`;
  const found = element(id);
  if (found) return found;
  const section = add(element("results"), "section", "", "thread");
  section.id = id;
  add(section, "div", "", "cards").setAttribute("aria-live", "polite");
  return section;
}

function addCard(place, reference) {
  const card = add(findThread(place).firstChild, "article", "");
  add(card, "h2", reference);
  return card;
}

function showPosts(section, posts) {
  if (section.querySelector("ol")) return;
  const list = add(section, "ol", "", "posts");
  posts.forEach((post, place) => {
    const item = add(list, "li", "");
    item.tabIndex = -1;
    add(item, "b", `${place + 1}. ${post.author ? `${post.author}: ` : ""}`);
    item.append(post.text);
  });
}

// A sentence lights up the posts it most likely came from: pointed at or focused for a while, pressed to stay.
function addSentence(line, section, { sentence, posts }) {
  const part = add(line, "span", sentence, posts.length ? "sentence" : "");
  line.append(" ");
  if (!posts.length) return;
  const light = (sources, on) => {
    const items = section.querySelectorAll(".posts li");
    items.forEach((item, place) => item.classList.toggle("lit", on && sources.includes(place)));
    return items[sources[0]];
  };
  const pressed = () => section.querySelector(".sentence[aria-pressed='true']");
  const unlight = () => light(JSON.parse(pressed()?.dataset.places ?? "[]"), true);
  const press = () => {
    const was = part.ariaPressed === "true";
    for (const other of section.querySelectorAll(".sentence")) other.setAttribute("aria-pressed", "false");
    part.setAttribute("aria-pressed", String(!was));
    const first = light(posts, true);
    if (was) unlight();
    else first?.scrollIntoView({ block: "nearest" });
  };
  Object.assign(part.dataset, { posts: posts.map(place => place + 1).join(", "), places: JSON.stringify(posts) });
  for (const [name, value] of [["role", "button"], ["tabindex", "0"], ["aria-pressed", "false"]]) part.setAttribute(name, value);
  part.title = `Posts ${part.dataset.posts}`;
  for (const event of ["pointerenter", "focus"]) part.addEventListener(event, () => light(posts, true));
  for (const event of ["pointerleave", "blur"]) part.addEventListener(event, unlight);
  part.addEventListener("click", press);
  part.addEventListener("keydown", event => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    press();
  });
}

function showRecord(card, section, record) {
  if (record.title) card.querySelector("h2").after(Object.assign(document.createElement("h3"), { textContent: record.title }));
  const line = card.querySelector("p") ?? add(card, "p", "");
  line.className = record.error ? "error" : "summary";
  line.textContent = record.error ?? "";
  if (record.error) return;
  showPosts(section, record.posts);
  for (const source of record.sources) addSentence(line, section, source);
  if (record.unfamiliar) add(card, "small", `Likely made up: ${record.unfamiliar}. `, "unfamiliar");
  if (record.posts_used < record.posts.length) {
    const read = record.posts.flatMap((post, place) => (post.read ? [place + 1] : []));
    add(card, "small", `Read: posts ${read.join(", ")} of ${record.posts.length}. `);
  }
}

async function show(reference, thread) {
  const cards = new Map();
  const find = place => cards.get(place) ?? cards.set(place, addCard(place, reference)).get(place);
  const waiting = add(find(0), "p", "…");
  const start = performance.now();
  try {
    const headers = { Accept: "text/event-stream" };
    const answer = await send(address(reference), { method: "POST", body: thread, headers, signal: stopping.signal });
    for await (const event of readEvents(answer)) {
      if (event.place === undefined) throw new Error(event.error);
      const card = find(event.place);
      const line = card.querySelector("p") ?? add(card, "p", "");
      if (line === waiting && line.textContent === "…") line.textContent = "";
      if (event.text === undefined) showRecord(card, findThread(event.place), event);
      else line.append(event.text);
    }
    add(find(0), "small", `${((performance.now() - start) / 1000).toFixed(2)} s`);
  } catch (error) {
    const stopped = error.name === "AbortError";
    if (waiting.textContent && waiting.textContent !== "…") add(waiting.parentNode, "p", stopped ? "Stopped." : error.message, "error");
    else Object.assign(waiting, { textContent: stopped ? "Stopped." : error.message, className: "error" });
  }
}

element("form").addEventListener("submit", async event => {
  event.preventDefault();
  stopping = new AbortController();
  element("go").disabled = true;
  element("stop").hidden = false;
  element("problem").textContent = "";
  element("results").replaceChildren();
  try {
    const models = await introduce();
    await Promise.all(models.map(model => show(model.reference, element("thread").value)));
  } catch (error) {
    element("problem").textContent = error.message;
  }
  element("stop").hidden = true;
  element("go").disabled = false;
});

element("stop").addEventListener("click", () => stopping.abort());

for (const { name, thread } of tries) {
  const button = add(element("examples"), "button", name);
  button.type = "button";
  button.addEventListener("click", () => { element("thread").value = JSON.stringify(thread, null, 1); element("go").focus(); });
}

introduce().catch(() => {});  // without the token, which is asked for then, the button says what is wrong
