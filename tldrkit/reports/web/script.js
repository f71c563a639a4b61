"use strict";
(() => {
  const PAGE = 10;
  const at = (id) => document.getElementById(id);

  const number = (text) => {
    const found = text.match(/[+-]?[\d,]*\.?\d+/);
    return found ? Number(found[0].replaceAll(",", "")) : null;
  };

  const sortTable = (table, column) => {
    const heads = [...table.tHead.rows[0].cells];
    const before = heads[column].getAttribute("aria-sort");
    const ascending = before ? before === "descending" : column === 0;
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const value = (row) => (column ? number(row.cells[column].textContent) : row.cells[0].textContent);
    const compare = (one, other) => {
      const [a, b] = [value(one), value(other)];
      if (a === null || b === null) return (a === null) - (b === null);
      const order = column ? a - b : a.localeCompare(b);
      return ascending ? order : -order;
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) =>
      head.querySelector("button").addEventListener("click", () => sortTable(table, column)));
  }

  addEventListener("beforeprint", () =>
    document.querySelectorAll("details").forEach((one) => { one.open = true; }));

  if (!at("filter")) return;
  const data = JSON.parse(at("examples").textContent);
  let shown = PAGE;

  const element = (tag, name, text) => {
    const made = document.createElement(tag);
    made.className = name;
    made.dir = "auto";
    made.textContent = text;
    return made;
  };

  const block = (...parts) => {
    const made = document.createElement("div");
    for (const [title, text, name] of parts) {
      made.append(element("h4", "", title), element("div", `text ${name}`, text));
    }
    return made;
  };

  const signed = (value) => (value < 0 ? "" : "+") + value.toFixed(2);

  const card = (row, one, other) => {
    const made = document.createElement("article");
    const apart = signed(row.points[one] - row.points[other]);
    const names = `${data.runs[one]} - ${data.runs[other]}`;
    made.append(element("h3", "apart", `${row.id}: ${names} = ${apart} ${data.metric}`));
    const text = row.document || "These scores do not hold the documents: score again.";
    made.append(block(["Document", text, "document"]));
    made.append(block(
      ...row.references.map((text) => ["Reference", text, "reference"]),
      ...[one, other].map((run) =>
        [`${data.runs[run]}: ${row.points[run].toFixed(2)} ${data.metric}`, row.summaries[run] || "(nothing)", "summary"]),
    ));
    return made;
  };

  const orders = { apart: (value) => -Math.abs(value), one: (value) => -value, other: (value) => value };

  const render = () => {
    const [one, other] = [Number(at("one").value), Number(at("other").value)];
    const wanted = at("text").value.toLowerCase();
    const holds = (row) => [row.id, row.document, ...row.references, row.summaries[one], row.summaries[other]]
      .some((text) => text.toLowerCase().includes(wanted));
    const rank = (row) => orders[at("order").value](row.points[one] - row.points[other]);
    const rows = data.documents.filter(holds).sort((a, b) => rank(a) - rank(b));
    at("list").replaceChildren(...rows.slice(0, shown).map((row) => card(row, one, other)));
    at("count").textContent = `${Math.min(shown, rows.length)} of ${rows.length} shown`;
    at("more").hidden = rows.length <= shown;
  };

  ["one", "other"].forEach((id, place) => {
    at(id).append(...data.runs.map((name, run) => new Option(name, run, false, run === data.first[place])));
  });
  const restart = () => { shown = PAGE; render(); };
  for (const kind of ["input", "change"]) at("filter").addEventListener(kind, restart);
  at("filter").addEventListener("submit", (event) => event.preventDefault());
  at("more").addEventListener("click", () => { shown += PAGE; render(); });
  render();
})();
