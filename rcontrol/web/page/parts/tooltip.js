/** One tooltip for canvases, where the browser has none. Screen readers are told otherwise. */

import { fill, h } from "/page/dom.js";

let tip = null;

/** Show lines at a place of the window, in CSS pixels; the first line stands out. */
export function showTip(x, y, lines) {
  tip ??= document.body.appendChild(h("div.tip", { "aria-hidden": "true" }));
  fill(
    tip,
    lines.map((line) => h("p", {}, line)),
  );
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = x + 14 + width > innerWidth ? x - width - 14 : x + 14;
  const top = y + 18 + height > innerHeight ? y - height - 10 : y + 18;
  tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
}

/** Hide it. */
export function hideTip() {
  if (tip) tip.hidden = true;
}
