// The live log of a task: follows the API's event stream, draws lines in chunks, folds them by step.
import { coloured } from "./ansi.js";

const CHUNK = 200; // lines that a browser lays out, or skips, as one
const NEAR_END_PX = 40;
const PART = 2500; // lines that are fetched at once
const MOST_AGAIN_MS = 15_000;

class TaskLog {
  constructor(box) {
    this.box = box;
    this.titles = new Map(box.dataset.steps.split("\n").filter(Boolean).map((row) => row.split("\t")));
    this.queue = [];
    this.last = this.begin();
    this.first = this.last;
    this.pending = false;
    this.again = 500;
    this.follows = true;
    this.group = null;
    this.tools();
    this.before();
    this.start();
  }

  // What is there already comes in parts, which is quicker than line by line; then the stream goes on from there.
  async start() {
    try {
      for (let more = true; more;) {
        const answer = await fetch(`${this.box.dataset.read}?after=${this.last}&limit=${PART}`);
        if (!answer.ok) break;
        const part = await answer.json();
        this.queue.push(...part.items);
        this.draw();
        more = part.next !== null;
      }
    } catch { /* the stream below says that nobody answers */ }
    this.follow();
  }

  // A link to a line that is before what would be shown at first begins there.
  begin() {
    const first = Number(this.box.dataset.first);
    const wanted = lineOf(location.hash);
    return wanted ? Math.min(first, Math.max(0, wanted - 50)) : first;
  }

  tools() {
    const tools = document.querySelector("[data-log-tools]");
    tools.hidden = false;
    this.tail = tools.querySelector("[data-log-tail]");
    this.tail.checked = !lineOf(location.hash);
    this.follows = this.tail.checked;
    this.tail.addEventListener("change", () => { this.follows = this.tail.checked; this.toEnd(); });
    tools.querySelector("[data-log-level]").addEventListener("change", (event) => { this.box.dataset.level = event.target.value; this.toEnd(); });
    const fold = tools.querySelector("[data-log-fold]");
    fold.addEventListener("click", () => {
      const folded = fold.getAttribute("aria-pressed") !== "true";
      fold.setAttribute("aria-pressed", String(folded));
      fold.textContent = folded ? "Unfold steps" : "Fold steps";
      for (const group of this.box.querySelectorAll("details")) group.open = !folded;
    });
    this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.box.addEventListener("wheel", (event) => { if (event.deltaY < 0) this.letGo(); }, { passive: true });
    this.box.addEventListener("keydown", (event) => { if (["ArrowUp", "PageUp", "Home"].includes(event.key)) this.letGo(); });
    this.box.addEventListener("click", (event) => {
      const link = event.target.closest("a.fl-line-number");
      if (link) { this.letGo(); }
    });
    addEventListener("hashchange", () => this.toLine());
    document.addEventListener("click", (event) => {
      const step = event.target.closest("[data-step]");
      if (step && this.toStep(step.dataset.step)) event.preventDefault();
    });
    this.state = document.querySelector("[data-log-state]");
  }

  letGo() { this.follows = false; this.tail.checked = false; }

  scrolled() {
    const atEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR_END_PX;
    if (atEnd && !this.follows && this.source) { this.follows = true; this.tail.checked = true; }
  }

  follow() {
    const address = `${this.box.dataset.follow}?after=${this.last}`;
    this.source = new EventSource(address);
    this.source.onopen = () => { this.again = 500; this.tell(""); };
    this.source.onmessage = (event) => { this.queue.push(JSON.parse(event.data)); this.soon(); };
    this.source.addEventListener("end", () => { this.close(); this.draw(); this.tell("The log ends here."); this.ended(); });
    this.source.onerror = () => {
      this.close();
      this.tell("The server does not answer; asking again …");
      setTimeout(() => this.follow(), this.again);
      this.again = Math.min(this.again * 2, MOST_AGAIN_MS);
    };
  }

  close() { this.source?.close(); this.source = null; }

  ended() { window.htmx?.trigger(document.body, "task-ended"); }

  tell(text) { if (this.state) this.state.textContent = text; }

  soon() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => { this.pending = false; this.draw(); });
    // a hidden tab has no animation frames
    if (document.hidden) setTimeout(() => { if (this.pending) { this.pending = false; this.draw(); } }, 1000);
  }

  draw() {
    const lines = this.queue;
    this.queue = [];
    for (const line of lines) {
      if (line.number <= this.last) continue;
      this.last = line.number;
      this.append(line);
    }
    if (lines.length) { this.toEnd(); this.toLine(true); }
  }

  append(line) {
    if (!this.group || this.group.step !== line.step) this.group = groupOf(this.box, line.step, this.titles.get(line.step));
    let chunk = this.group.chunk;
    if (!chunk || chunk.childElementCount >= CHUNK) {
      chunk = document.createElement("div");
      chunk.className = "fl-chunk";
      this.group.body.append(chunk);
      this.group.chunk = chunk;
    }
    chunk.append(row(line));
    this.group.count += 1;
    this.group.counter.textContent = this.group.count === 1 ? "1 line" : `${this.group.count} lines`;
    if (line.level === "error" || line.level === "warning") this.group.element.dataset.worst = line.level === "error" || this.group.element.dataset.worst === "error" ? "error" : "warning";
  }

  toEnd() { if (this.follows) this.box.scrollTop = this.box.scrollHeight; }

  // The line that the address names, once it is there.
  toLine(onlyOnce = false) {
    const wanted = lineOf(location.hash);
    if (!wanted || (onlyOnce && this.found === wanted)) return;
    const row = document.getElementById(`L${wanted}`);
    if (!row) return;
    this.found = wanted;
    this.letGo();
    row.closest("details").open = true;
    row.scrollIntoView({ block: "center" });
  }

  toStep(name) {
    const groups = [...this.box.querySelectorAll("details")].filter((group) => group.dataset.step === name);
    if (!groups.length) return false;
    this.letGo();
    groups[0].open = true;
    groups[0].scrollIntoView({ block: "start" });
    groups[0].querySelector("summary").focus({ preventScroll: true });
    return true;
  }

  // What is before the first line that is shown, a part at a time.
  before() {
    if (!this.first) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "fl-log-before";
    button.textContent = `Show ${Math.min(PART, this.first)} of ${this.first} lines before`;
    button.addEventListener("click", async () => {
      button.disabled = true;
      const from = Math.max(0, this.first - PART);
      const answer = await fetch(`${this.box.dataset.read}?after=${from}&limit=${this.first - from}`);
      if (!answer.ok) { button.disabled = false; this.tell("The lines before could not be read."); return; }
      const held = [...this.box.children];
      const { items } = await answer.json();
      const group = this.group;
      this.group = null;
      this.box.replaceChildren();
      for (const line of items) this.append(line);
      this.group = group;
      this.first = from;
      button.remove();
      const shown = [...this.box.children];
      this.box.replaceChildren(...shown, ...held.filter((element) => element !== button));
      this.before();
    });
    this.box.prepend(button);
  }
}

function groupOf(box, step, title) {
  const element = document.createElement("details");
  element.open = document.querySelector("[data-log-fold]").getAttribute("aria-pressed") !== "true";
  element.dataset.step = step;
  const summary = document.createElement("summary");
  const name = document.createElement("span");
  name.textContent = title || step || "task";
  const counter = document.createElement("small");
  summary.append(name, counter);
  const body = document.createElement("div");
  element.append(summary, body);
  box.append(element);
  return { step, element, body, counter, chunk: null, count: 0 };
}

function row(line) {
  const made = document.createElement("div");
  made.className = `fl-line fl-line-${line.level}`;
  made.id = `L${line.number}`;
  const number = document.createElement("a");
  number.className = "fl-line-number";
  number.href = `#L${line.number}`;
  number.dataset.number = line.number;
  number.setAttribute("aria-label", `line ${line.number}`);
  const time = document.createElement("time");
  time.dateTime = line.at;
  time.textContent = clockTime(line.at);
  const text = document.createElement("span");
  text.className = "fl-line-text";
  if (line.level === "error" || line.level === "warning") {
    const word = document.createElement("b");
    word.textContent = `${line.level} `;
    text.append(word);
  }
  if (line.target && line.target !== "local") text.append(`[${line.target}] `);
  text.append(coloured(line.text));
  made.append(number, time, text);
  return made;
}

// One formatter, and one answer for all lines of a second: making a formatter is what takes long.
const clock = new Intl.DateTimeFormat([], { timeStyle: "medium", hour12: false });
let lastSecond = "";
let lastShown = "";
function clockTime(at) {
  const second = at.slice(0, 19);
  if (second !== lastSecond) {
    lastSecond = second;
    lastShown = clock.format(new Date(at));
  }
  return lastShown;
}

const lineOf = (hash) => Number(/^#L(\d+)$/.exec(hash)?.[1] ?? 0);

for (const box of document.querySelectorAll("[data-log]")) new TaskLog(box);
