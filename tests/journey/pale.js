// The texts of a page whose contrast is too low by WCAG 2.1 (1.4.3, AA), with the ratio; a filter makes it unknown.
() => {
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const found = new Map();
  const parts = (colour) => {
    if (!found.has(colour)) {
      pixel.clearRect(0, 0, 1, 1);
      pixel.fillStyle = colour;
      pixel.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
      found.set(colour, [red, green, blue, alpha / 255]);
    }
    return found.get(colour);
  };
  const over = (upper, lower) => {
    const alpha = upper[3] + lower[3] * (1 - upper[3]);
    return [...[0, 1, 2].map((at) => (upper[at] * upper[3] + lower[at] * lower[3] * (1 - upper[3])) / (alpha || 1)), alpha];
  };
  const ground = (element) => {
    let seen = [0, 0, 0, 0];
    for (let each = element; each && seen[3] < 0.99; each = each.parentElement) seen = over(seen, parts(getComputedStyle(each).backgroundColor));
    return over(seen, [255, 255, 255, 1]);
  };
  const light = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((one) => one / 255)
      .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const pale = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const its = getComputedStyle(element);
    if (!texts.currentNode.textContent.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest("[disabled], option, svg, script, style") || element.getBoundingClientRect().width < 2) continue;
    const below = ground(element);
    const both = [over(parts(its.color), below), below].map(light);
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    const size = parseFloat(its.fontSize);
    const needed = size >= 24 || (size >= 18.66 && its.fontWeight >= 700) ? 3 : 4.5;
    if (ratio < needed || its.filter !== "none") pale.push(`${texts.currentNode.textContent.trim().slice(0, 40)} ${ratio.toFixed(2)}`);
  }
  return pale;
}
