/** Short messages on what came of an action. */

import { fill, h } from "/page/dom.js";
import { icon } from "/page/icons.js";

const GOOD_MS = 4_000;
const BAD_MS = 15_000;
const SHOWN = 4;

let place = null;

/**
 * Show a message for a while; screen readers read it out.
 * @param {string} text
 * @param {{detail?: string, bad?: boolean}} more
 */
export function toast(text, { detail = "", bad = false } = {}) {
  place ??= document.body.appendChild(
    h("div.toasts", { "aria-label": "Messages", role: "region" }),
  );
  // The region must be there before it is filled, or it is not read out.
  const shown = h("div.toast", { role: bad ? "alert" : "status" });
  place.append(shown);
  fill(
    shown,
    icon(bad ? "warning" : "check"),
    h("div", {}, h("p", {}, text), detail ? h("p.detail", {}, detail) : null),
    h(
      "button.quiet.small",
      { "aria-label": "Close message", onclick: () => shown.remove() },
      icon("cross", 14),
    ),
  );
  if (bad) shown.classList.add("bad");
  while (place.children.length > SHOWN) place.firstChild.remove();
  setTimeout(() => shown.remove(), bad ? BAD_MS : GOOD_MS);
}
