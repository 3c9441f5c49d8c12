// What was typed into a form that is refused stays: it is kept in this tab until the next page, without the secrets.
// Where somebody else saved meanwhile, their values stand in what was not touched, and are told beside what was.
const PLACE = "fairlead-typed";
const NOT_TYPED = ["hidden", "password", "file", "submit", "button", "reset", "image"];

const isBox = (field) => field.type === "checkbox" || field.type === "radio";
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);
// Asked of the attributes: a field that is called action or method would hide them.
const isPosted = (form) => form.getAttribute("method")?.toLowerCase() === "post";
const addressOf = (form) => new URL(form.getAttribute("action") ?? "", location.href).pathname;
const revisionOf = (form) => form.elements.namedItem("revision")?.value ?? "";

// An empty data-secret: always; else the name of the box that makes it one.
function isSecret(field) {
  const box = field.dataset.secret;
  return field.type === "password" || box === "" || (box !== undefined && Boolean(field.form.elements.namedItem(box)?.checked));
}

// What stands in the field now, and what the page was drawn with.
function typed(field) {
  if (isBox(field)) return field.checked;
  return field instanceof HTMLSelectElement ? [...field.selectedOptions].map((one) => one.value) : field.value;
}

function drawn(field) {
  if (isBox(field)) return field.defaultChecked;
  if (!(field instanceof HTMLSelectElement)) return field.defaultValue;
  const chosen = [...field.options].filter((one) => one.defaultSelected);
  const first = field.multiple ? [] : [...field.options].slice(0, 1);
  return (chosen.length ? chosen : first).map((one) => one.value);
}

function put(field, value) {
  if (isBox(field)) field.checked = value;
  else if (field instanceof HTMLSelectElement) for (const one of field.options) one.selected = value.includes(one.value);
  else field.value = value;
}

// The fields of a form, by names that are the same when the page is drawn again.
function fieldsOf(form) {
  const named = new Map();
  for (const field of form.elements) {
    if (!field.name) continue;
    const name = isBox(field) ? `${field.name}=${field.value}` : field.name;
    let number = 0;
    while (named.has(`${name} ${number}`)) number += 1;
    named.set(`${name} ${number}`, field);
  }
  return named;
}

// Several forms may lead to one address: what they say unseen tells them apart, then their order.
function signature(form) {
  const unseen = [...form.elements].filter((one) => one.type === "hidden" && !["csrf", "revision"].includes(one.name));
  return JSON.stringify([addressOf(form), unseen.map((one) => [one.name, one.value])]);
}

const alike = (mark) => [...document.forms].filter((form) => isPosted(form) && signature(form) === mark);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !isPosted(form)) return;
  const mark = signature(form);
  const kept = { mark, number: alike(mark).indexOf(form), revision: revisionOf(form), fields: {}, secrets: [] };
  for (const [name, field] of fieldsOf(form)) {
    if (isSecret(field)) {
      if (field.value) kept.secrets.push(name);
    } else if (!NOT_TYPED.includes(field.type)) {
      kept.fields[name] = { typed: typed(field), drawn: drawn(field) };
    }
  }
  keep(kept);
});

function keep(kept) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    sessionStorage.removeItem(PLACE); // more than a tab may keep
  }
}

function take() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE));
  } catch {
    return null;
  } finally {
    sessionStorage.removeItem(PLACE);
  }
}

function shown(value) {
  if (typeof value === "boolean") return value ? "ticked" : "not ticked";
  return (Array.isArray(value) ? value.join(", ") : value) || "nothing";
}

function tell(field, text, value) {
  const note = document.createElement("div");
  note.className = "fl-beside";
  note.append(text);
  if (value !== undefined) {
    const now = document.createElement("pre");
    now.textContent = shown(value);
    note.append(now);
  }
  (field.closest("label") ?? field).after(note);
  open(field);
}

function open(field) {
  for (let above = field.closest("details"); above; above = above.parentElement.closest("details")) above.open = true;
}

function giveBack(form, kept) {
  const isSavedMeanwhile = revisionOf(form) !== kept.revision;
  for (const [name, field] of fieldsOf(form)) {
    const held = kept.fields[name];
    if (kept.secrets.includes(name)) tell(field, "Type it again: secrets are not kept.");
    if (!held || NOT_TYPED.includes(field.type)) continue;
    const theirs = drawn(field);
    const isTheirs = isSavedMeanwhile && !isSame(theirs, held.drawn);
    const isMine = !isSame(held.typed, held.drawn);
    if (isTheirs && !isSame(theirs, held.typed)) {
      if (isMine) tell(field, "Somebody else changed this meanwhile. What you typed stands here; theirs is:", theirs);
      else tell(field, "Somebody else changed this meanwhile. It was:", held.drawn);
    }
    if (isMine || !isSavedMeanwhile) put(field, held.typed);
    if (isMine) open(field);
  }
}

function blame(form, name) {
  const field = name && form.elements.namedItem(name);
  if (!(field instanceof Element) || field.type === "hidden") return;
  field.classList.add("is-invalid");
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", "said");
  open(field);
}

// A page of a failure keeps it for the page that it leads back to.
const kept = take();
const refusal = document.querySelector("#said.fl-tone-bad");
if (kept && document.querySelector("[data-failure]")) keep({ ...kept, hasFailed: true });
else if (kept && (refusal || kept.hasFailed)) {
  const forms = alike(kept.mark);
  const form = forms[kept.number] ?? forms[0];
  if (form) {
    giveBack(form, kept);
    blame(form, refusal?.dataset.field);
  }
}
