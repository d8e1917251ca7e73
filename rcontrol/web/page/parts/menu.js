/** A menu that opens at a button: arrows move, Escape and a click elsewhere close it. */

import { h } from "/page/dom.js";
import { icon } from "/page/icons.js";

/**
 * Open a menu.
 * @param {Element} anchor gets the focus back
 * @param {Array<{label: string, sign: string, run: () => void, bad?: boolean, key?: string,
 *   off?: boolean} | null>} entries null is a line between
 */
export function openMenu(anchor, entries) {
  const items = entries.map((entry) =>
    entry
      ? h(
          `button.${entry.bad ? "bad-text" : "plain"}`,
          { role: "menuitem", tabindex: -1, disabled: entry.off, onclick: () => choose(entry) },
          icon(entry.sign),
          h("span", {}, entry.label),
          entry.key ? h("kbd", {}, entry.key) : null,
        )
      : h("hr"),
  );
  const menu = h("div.menu", { popover: "auto", role: "menu", "aria-label": "Actions" }, items);
  const choose = (entry) => {
    menu.hidePopover();
    entry.run();
  };
  menu.addEventListener("keydown", (event) => move(menu, event));
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    if (menu.contains(document.activeElement) || document.activeElement === document.body)
      anchor.focus?.();
    menu.remove();
  });
  (anchor.closest("main") ?? document.body).append(menu);
  menu.showPopover();
  place(menu, anchor.getBoundingClientRect());
  menu.querySelector("button:enabled")?.focus();
}

function move(menu, event) {
  const buttons = [...menu.querySelectorAll("button:enabled")];
  const now = buttons.indexOf(document.activeElement);
  const next = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  buttons.at(next % buttons.length).focus();
}

function place(menu, anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const below = anchor.bottom + 4;
  const top = below + height > innerHeight ? Math.max(8, anchor.top - height - 4) : below;
  menu.style.left = `${Math.max(8, Math.min(anchor.right - width, innerWidth - width - 8))}px`;
  menu.style.top = `${top}px`;
}
