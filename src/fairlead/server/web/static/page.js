// What every page does beside htmx: the theme switch, the search key, menus, questions before acts, copying.
const order = ["auto", "light", "dark"];
const names = { auto: "as the system", light: "light", dark: "dark" };

function drawTheme(button) {
  const choice = window.fairleadTheme.chosen();
  button.setAttribute("aria-label", `Colours: ${names[choice]}`);
  button.title = `Colours: ${names[choice]}`;
  for (const icon of button.querySelectorAll("[data-theme-icon]")) icon.hidden = icon.dataset.themeIcon !== choice;
}

for (const button of document.querySelectorAll("[data-theme-toggle]")) {
  button.hidden = false;
  drawTheme(button);
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(window.fairleadTheme.chosen()) + 1) % order.length];
    window.fairleadTheme.choose(next);
    drawTheme(button);
    say(`Colours: ${names[next]}`);
  });
}

// Said to screen readers, once.
function say(text) {
  const spoken = document.getElementById("spoken");
  if (spoken) spoken.textContent = text;
}

const COPIED_MS = 2000;
const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");

// A bar that is wider than the screen begins where one is.
for (const here of document.querySelectorAll("nav a[aria-current]")) {
  const bar = here.parentElement;
  if (bar.scrollWidth > bar.clientWidth) bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
}

document.addEventListener("keydown", (event) => {
  const wanted = (event.key === "/" && !isTyping(event.target)) || (event.key === "k" && (event.ctrlKey || event.metaKey));
  const search = document.getElementById("search");
  if (wanted && search && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  }
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.fl-menu[open]")) closeMenu(menu);
});

function closeMenu(menu) {
  const inside = menu.contains(document.activeElement);
  menu.open = false;
  if (inside) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.fl-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => {
    say("Copied");
    copy.dataset.copied = "";
    setTimeout(() => { delete copy.dataset.copied; }, COPIED_MS);
  });
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask ?? event.target.dataset.ask;
  if (question && !confirm(question)) event.preventDefault();
});

// Parts that ask again and again rest while nobody looks; what changed for people is said once.
document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden && event.detail.ctx.sourceEvent?.type === "every") event.preventDefault();
});
let lastNews = null;
document.addEventListener("htmx:after:swap", () => {
  for (const news of document.querySelectorAll("[data-news]")) {
    if (lastNews !== null && news.dataset.news !== lastNews) say(news.dataset.news);
    lastNews = news.dataset.news;
  }
});
for (const news of document.querySelectorAll("[data-news]")) lastNews = news.dataset.news;
