// The page of a report. What a model wrote is hostile: it reaches the page by textContent alone,
// and the content security policy runs no script but this one.
"use strict";

const UNSAFE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;
const SEARCHED_FIRST = 150; // milliseconds without a key before the filter runs
const SPARE_ROWS = 12; // drawn above and below what is seen
const HIGHLIGHTED_CHARS = 200000;
const byId = (id) => document.getElementById(id);
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const state = { index: null, columns: [], shown: [], sort: null, down: false, at: -1, scroll: 0 };

// Control and direction characters as pictures; tabs and line ends stay.
function visible(text) {
  return text.replace(/\r\n/g, "\n").replace(UNSAFE, (c) => {
    const code = c.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code < 0xa0 ? "\u2421" : "\ufffd";
  });
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = visible(String(text));
  return node;
}

// The JSON in the data block called `id`: base64 of deflate. Blocks come last in the file, so one
// may not be there yet.
async function unpack(id) {
  while (!byId(id)) {
    if (document.readyState !== "loading") throw new Error(`no data ${id}: the file is cut off`);
    await new Promise((done) => setTimeout(done, 50));
  }
  const bytes = Uint8Array.from(atob(byId(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// ---- the table -----------------------------------------------------------------------------

function columnsOf(index) {
  const some = (name) => index.problems.some((problem) => problem[name]);
  const columns = [
    { name: "problem", size: "minmax(7rem, 1.2fr)", narrow: "minmax(4rem, 1fr)", text: (s) => s.about.id },
    { name: "title", size: "minmax(8rem, 2fr)", text: (s) => s.about.title },
  ];
  for (const name of ["difficulty", "platform"]) {
    if (some(name)) columns.push({ name, size: "6.5rem", text: (s) => s.about[name] });
  }
  columns.push({ name: "sample", size: "5.5rem", number: (s) => s.index });
  if (index.budgets.length > 1) {
    columns.push({ name: "budget", size: "6rem", number: (s) => s.budget });
  }
  const few = index.checkers.length < 3;
  index.checkers.forEach((name, i) => {
    const column = { name, text: (s) => s.verdicts[i], verdict: true };
    columns.push({ ...column, size: `minmax(${few ? 7 : 4.5}rem, .9fr)`, narrow: "minmax(3rem, .8fr)" });
  });
  columns.push(
    { name: "tests", size: "5rem", number: (s) => s.passed, say: (s) => s.tests },
    { name: "tokens", size: "6rem", narrow: "5rem", number: (s) => s.tokens },
    { name: "cut", size: "3.5rem", narrow: "3rem", text: (s) => (s.cut ? "cut" : "") },
    { name: "seconds", size: "6.5rem", number: (s) => s.seconds },
  );
  return columns;
}

function said(column, sample) {
  if (column.say) return column.say(sample);
  const value = column.number ? column.number(sample) : column.text(sample);
  if (value === null || value === undefined) return "";
  return column.number ? value.toLocaleString("en") : value;
}

function drawHead() {
  const head = byId("head");
  state.columns.forEach((column) => {
    const cell = make("span", classOf(column));
    cell.setAttribute("role", "columnheader");
    const button = make("button", "", column.name);
    button.dataset.column = column.name;
    button.title = visible(`sort by ${column.name}`);
    button.addEventListener("click", () => sortBy(column));
    cell.append(button);
    head.append(cell);
  });
  const grid = byId("grid").style;
  grid.setProperty("--columns", state.columns.map((c) => c.size).join(" "));
  const narrow = state.columns.filter((c) => c.narrow);
  grid.setProperty("--narrow", narrow.map((c) => c.narrow).join(" "));
}

function classOf(column) {
  return [column.number ? "number" : "", column.narrow ? "" : "wide"].join(" ").trim();
}

function sortBy(column) {
  state.down = state.sort === column ? !state.down : false;
  state.sort = column;
  for (const cell of byId("head").children) {
    const button = cell.firstChild;
    const ours = button.dataset.column === column.name;
    cell.setAttribute("aria-sort", ours ? (state.down ? "descending" : "ascending") : "none");
    button.textContent = visible(button.dataset.column) + (ours ? (state.down ? " ▼" : " ▲") : "");
  }
  refresh();
}

// What has no value comes last, whichever way the others are sorted.
function compare(a, b) {
  const { sort, down } = state;
  const [x, y] = sort.number ? [sort.number(a), sort.number(b)] : [sort.text(a), sort.text(b)];
  const [noX, noY] = [x === null || x === "", y === null || y === ""];
  if (noX || noY) return noX - noY || a.place - b.place;
  const order = sort.number ? x - y : collator.compare(x, y);
  return (down ? -order : order) || a.place - b.place;
}

function refresh() {
  const wanted = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = (id) => byId(id).value;
  const [verdict, difficulty, budget] = ["verdict", "difficulty", "budget"].map(chosen);
  const [cut, differ] = [byId("cut").checked, byId("differ").checked];
  state.shown = state.index.samples.filter(
    (s) =>
      (!verdict || s.verdicts.includes(verdict)) &&
      (!difficulty || s.about.difficulty === difficulty) &&
      (!budget || s.budget === Number(budget)) &&
      (!cut || s.cut) &&
      (!differ || new Set(s.verdicts).size > 1) &&
      wanted.every((word) => s.text.includes(word)),
  );
  if (state.sort) state.shown.sort(compare);
  const count = (number) => number.toLocaleString("en");
  const of = `${count(state.shown.length)} of ${count(state.index.samples.length)} samples`;
  byId("count").textContent = of;
  byId("grid").setAttribute("aria-rowcount", state.shown.length + 1);
  byId("body").scrollTop = 0;
  byId("window").replaceChildren();
  drawRows();
}

// Only the rows that can be seen are in the document.
function drawRows() {
  const body = byId("body");
  const height = parseFloat(getComputedStyle(body).getPropertyValue("--row"));
  const first = Math.max(0, Math.floor(body.scrollTop / height) - SPARE_ROWS);
  const last = Math.ceil((body.scrollTop + body.clientHeight) / height) + SPARE_ROWS;
  byId("head").style.paddingRight = `calc(.6rem + ${body.offsetWidth - body.clientWidth}px)`;
  byId("tall").style.height = `${state.shown.length * height}px`;
  byId("window").style.transform = `translateY(${first * height}px)`;
  keepRows(state.shown.slice(first, last));
  byId("empty").hidden = state.shown.length > 0;
}

// Rows that stay are not touched: a click or the focus on them outlives scrolling.
function keepRows(samples) {
  const list = byId("window");
  const wanted = new Set(samples);
  for (const row of [...list.children]) if (!wanted.has(row.sample)) row.remove();
  let next = list.firstChild;
  for (const sample of samples) {
    if (next && next.sample === sample) next = next.nextSibling;
    else list.insertBefore(rowOf(sample), next);
  }
}

function rowOf(sample) {
  const row = make("a", "item");
  row.sample = sample;
  row.href = `#sample-${sample.place}`;
  row.setAttribute("role", "row");
  for (const column of state.columns) {
    const cell = make("span", classOf(column), said(column, sample));
    cell.setAttribute("role", "cell");
    if (column.verdict) markVerdict(cell, column.text(sample));
    row.append(cell);
  }
  return row;
}

function markVerdict(node, code) {
  if (/^[A-Z]{2,3}$/.test(code)) node.classList.add(code);
}

// ---- one sample ----------------------------------------------------------------------------

async function showSample(place) {
  const sample = state.index.samples[place];
  if (!sample) return showTable();
  if (state.at < 0) state.scroll = window.scrollY;
  state.at = place;
  byId("report").hidden = true;
  byId("sample").hidden = false;
  const position = state.shown.indexOf(sample);
  turn("previous", state.shown[position - 1], position);
  turn("next", state.shown[position + 1], position);
  byId("position").textContent =
    position < 0 ? "not in the filter" : `${position + 1} of ${state.shown.length}`;
  byId("detail").replaceChildren(make("p", "note", "unpacking"));
  window.scrollTo(0, 0);
  let nodes;
  try {
    const [told, prompt] = await Promise.all([unpack(`s${place}`), unpack(`p${sample.problem}`)]);
    nodes = detailOf(sample, told, prompt);
  } catch (error) {
    nodes = [make("p", "alert", `This sample cannot be shown: ${error.message}`)];
  }
  if (state.at === place) byId("detail").replaceChildren(...nodes);
}

function turn(id, sample, position) {
  byId(id).disabled = !sample || position < 0;
  byId(id).onclick = () => { location.hash = `sample-${sample.place}`; };
}

function showTable() {
  state.at = -1;
  byId("sample").hidden = true;
  byId("report").hidden = false;
  drawRows();
  window.scrollTo(0, state.scroll);
}

function detailOf(sample, told, prompt) {
  const nodes = [make("h2", "", `${sample.about.id}: ${sample.about.title}`), factsOf(sample, told)];
  nodes.push(make("h3", "", "Verdicts"));
  const list = make("dl", "facts verdicts");
  for (const verdict of told.verdicts) {
    const value = make("dd");
    const code = make("span", "", verdict.verdict);
    markVerdict(code, verdict.verdict);
    const tests = `${verdict.passed} of ${verdict.total} tests`;
    const failed = verdict.first_failure === null ? "" : `, first failure: ${verdict.first_failure}`;
    value.append(code, make("span", "", ` ${tests}${failed}, ${verdict.seconds} s CPU`));
    if (verdict.detail) value.append(make("pre", "wrap", verdict.detail));
    list.append(make("dt", "", verdict.checker), value);
  }
  nodes.push(told.verdicts.length ? list : make("p", "note", "not judged yet"));
  nodes.push(...programsOf(told.verdicts));
  nodes.push(folded("Answer", told.answer, false));
  const cut = sample.cut ? ", cut by the budget" : "";
  nodes.push(folded(`Reasoning (${told.reasoning.length.toLocaleString("en")} characters${cut})`, told.reasoning, true));
  nodes.push(folded("Prompt", prompt, false));
  return nodes;
}

function factsOf(sample, told) {
  const list = make("dl", "facts");
  const facts = [
    ["sample", sample.index], ["budget", `${sample.budget.toLocaleString("en")} tokens`],
    ["tokens", sample.tokens === null ? "not told" : sample.tokens.toLocaleString("en")],
    ["prompt tokens", told.prompt_tokens], ["seconds", sample.seconds], ["seed", told.seed],
    ["difficulty", sample.about.difficulty], ["platform", sample.about.platform],
    ["date", sample.about.date], ["model", told.model], ["key", told.key],
  ];
  for (const [label, value] of facts) {
    if (value !== null && value !== undefined) list.append(make("dt", "", label), make("dd", "", value));
  }
  if (/^https?:\/\//.test(sample.about.url || "")) {
    const link = make("a", "", sample.about.url);
    link.href = sample.about.url;
    link.rel = "noopener noreferrer";
    link.target = "_blank";
    const value = make("dd");
    value.append(link);
    list.append(make("dt", "", "page"), value);
  }
  return list;
}

// One block for each program, named by the checkers that took it.
function programsOf(verdicts) {
  const takers = new Map();
  for (const { program, checker } of verdicts) {
    if (program !== null) takers.set(program, [...(takers.get(program) || []), checker]);
  }
  if (verdicts.length && !takers.size) return [make("h3", "", "No program in the answer")];
  return [...takers].flatMap(([program, names]) => {
    const block = make("pre", "program");
    block.append(...highlighted(visible(program)));
    return [make("h3", "", `Program (${names.join(", ")})`), block];
  });
}

function folded(title, text, open) {
  const fold = make("details");
  fold.open = open;
  fold.append(make("summary", "", title), make("pre", "wrap", text || "(empty)"));
  return fold;
}

const TOKEN = /("""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)|(#[^\n]*)|(\b\d[\w.]*)|\b([A-Za-z_]\w*)/g;
const KEYWORDS = new Set(
  ("False None True and as assert async await break case class continue def del elif else except " +
    "finally for from global if import in is lambda match nonlocal not or pass raise return try " +
    "while with yield").split(" "),
);

// Python's strings, comments, numbers and keywords; every other character is kept as it is.
function highlighted(program) {
  if (program.length > HIGHLIGHTED_CHARS) return [program];
  const nodes = [];
  let end = 0;
  for (const found of program.matchAll(TOKEN)) {
    const [text, string, comment, number, word] = found;
    if (word && !KEYWORDS.has(word)) continue;
    const kind = string ? "string" : comment ? "comment" : number ? "literal" : "keyword";
    nodes.push(program.slice(end, found.index), make("span", kind, text));
    end = found.index + text.length;
  }
  nodes.push(program.slice(end));
  return nodes;
}

// ---- start ---------------------------------------------------------------------------------

function options(id, values, say) {
  for (const value of values) {
    const option = make("option", "", say ? say(value) : value);
    option.value = value;
    byId(id).append(option);
  }
  byId(id).parentElement.hidden = values.length < 2;
}

function prepare(index) {
  index.samples = index.samples.map((row, place) => {
    const [problem, number, budget, verdicts, passed, total, tokens, cut, seconds] = row;
    const about = index.problems[problem];
    const tests = total === null ? "" : `${passed}/${total}`;
    const text = [about.id, about.title, about.difficulty, about.platform, ...verdicts]
      .filter(Boolean).join(" ").toLowerCase();
    return { place, problem, about, index: number, budget, verdicts, passed, tests, tokens, cut: cut === 1, seconds, text };
  });
  state.index = index;
  state.columns = columnsOf(index);
  options("verdict", [...new Set(index.samples.flatMap((s) => s.verdicts))].filter(Boolean).sort());
  options("difficulty", [...new Set(index.problems.map((p) => p.difficulty))].filter(Boolean));
  options("budget", index.budgets, (tokens) => `${tokens.toLocaleString("en")} tokens`);
  byId("differ").parentElement.hidden = index.checkers.length < 2;
}

function listen() {
  let timer = 0;
  byId("search").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, SEARCHED_FIRST);
  });
  for (const id of ["verdict", "difficulty", "budget", "cut", "differ"]) {
    byId(id).addEventListener("change", refresh);
  }
  byId("body").addEventListener("scroll", drawRows, { passive: true });
  window.addEventListener("resize", drawRows);
  window.addEventListener("hashchange", follow);
  byId("back").addEventListener("click", () => { location.hash = ""; });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && state.at < 0) { event.preventDefault(); byId("search").focus(); }
    if (state.at < 0) return;
    if (event.key === "Escape") location.hash = "";
    if (event.key === "ArrowLeft" || event.key === "k") byId("previous").click();
    if (event.key === "ArrowRight" || event.key === "j") byId("next").click();
  });
}

function follow() {
  const found = /^#sample-(\d+)$/.exec(location.hash);
  if (found) showSample(Number(found[1]));
  else if (state.at >= 0) showTable();
}

unpack("index").then((index) => {
  prepare(index);
  drawHead();
  listen();
  byId("samples").hidden = false;
  byId("loading").hidden = true;
  refresh();
  follow();
}).catch((error) => { byId("loading").textContent = `The samples cannot be shown: ${error.message}`; });
