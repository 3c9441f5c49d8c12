// On the page of a place: what a service writes, live, and requests each second from the proxy's own counts.
import { coloured } from "./ansi.js";

const MOST_LINES = 5000;
const AGAIN_MS = 3000;

class Output {
  constructor(box) {
    this.box = box;
    this.on = document.querySelector("[data-output-on]");
    this.service = document.querySelector("[data-output-service]");
    this.state = document.querySelector("[data-output-state]");
    this.on.addEventListener("change", () => this.begin());
    this.service.addEventListener("change", () => { this.on.checked = true; this.begin(); });
  }

  begin() {
    this.source?.close();
    clearTimeout(this.later);
    this.state.textContent = "";
    if (!this.on.checked) return;
    this.box.replaceChildren();
    const address = `${this.box.dataset.output}${encodeURIComponent(this.service.value)}/output?follow=true&tail=200`;
    this.source = new EventSource(address);
    this.source.onopen = () => { this.state.textContent = ""; this.box.replaceChildren(); };
    this.source.onmessage = (event) => this.draw(JSON.parse(event.data));
    this.source.onerror = () => {
      this.source.close();
      this.state.textContent = "No output comes; asking again …";
      this.later = setTimeout(() => this.begin(), AGAIN_MS);
    };
  }

  draw(line) {
    const atEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 40;
    const made = document.createElement("div");
    made.className = `fl-line fl-line-${line.stream === "stderr" ? "warning" : "info"}`;
    const name = document.createElement("span");
    name.className = "fl-line-step";
    name.textContent = line.instance;
    const text = document.createElement("span");
    text.className = "fl-line-text";
    text.append(coloured(line.text));
    made.append(name, text);
    this.box.append(made);
    while (this.box.childElementCount > MOST_LINES) this.box.firstElementChild.remove();
    if (atEnd) this.box.scrollTop = this.box.scrollHeight;
  }
}

for (const box of document.querySelectorAll("[data-output]")) new Output(box);

const before = new Map();
function rates() {
  const now = performance.now();
  for (const slot of document.querySelectorAll("[data-requests]")) {
    const count = slot.dataset.requests === "" ? null : Number(slot.dataset.requests);
    const held = before.get(slot.id);
    const shown = slot.querySelector("[data-rate]");
    if (count !== null && held && shown && count >= held.count && now - held.at > 900) {
      const rate = (count - held.count) / ((now - held.at) / 1000);
      shown.textContent = `${rate > 0 && rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second · `;
    }
    if (count !== null && (!held || now - held.at > 900)) before.set(slot.id, { count, at: now });
  }
}
rates();
setInterval(rates, 2500);
