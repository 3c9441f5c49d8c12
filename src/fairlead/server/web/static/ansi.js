// Text with a terminal's colours (ECMA-48 SGR) as nodes; every other escape sequence is left out.
const SEQUENCE = /\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]/g;
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

export function coloured(text) {
  const made = document.createDocumentFragment();
  if (!/[\x00-\x08\x0b-\x1f\x7f]/.test(text)) {
    made.append(text);
    return made;
  }
  let state = { colour: "", bold: false };
  let from = 0;
  const put = (piece) => {
    if (!piece) return;
    if (!state.colour && !state.bold) { made.append(piece); return; }
    const span = document.createElement("span");
    span.className = `${state.colour ? `fl-ansi-${state.colour}` : ""}${state.bold ? " fl-ansi-bold" : ""}`.trim();
    span.textContent = piece;
    made.append(span);
  };
  for (const match of text.matchAll(SEQUENCE)) {
    put(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") state = changed(state, match[1]);
  }
  put(text.slice(from));
  return made;
}

function changed(state, codes) {
  let { colour, bold } = state;
  const numbers = codes.split(";").map(Number);
  for (let i = 0; i < numbers.length; i += 1) {
    const code = numbers[i];
    if (code === 0) { colour = ""; bold = false; }
    else if (code === 1) bold = true;
    else if (code === 22) bold = false;
    else if (code === 39) colour = "";
    else if (code >= 30 && code <= 37) colour = COLOURS[code - 30];
    else if (code >= 90 && code <= 97) colour = COLOURS[code - 90];
    else if (code === 38 || code === 48) i += numbers[i + 1] === 5 ? 2 : 4;
  }
  return { colour, bold };
}
