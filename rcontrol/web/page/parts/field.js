/** A field of a form: its label, what it is for, and what is wrong with it. */

import { h, say, set } from "/page/dom.js";

let numbers = 0;

export class Field {
  #hint;
  #problem = h("p.problem", { role: "alert" });
  #words;

  /**
   * @param {string} label
   * @param {HTMLElement} input
   * @param {string} hint
   */
  constructor(label, input, hint = "") {
    numbers += 1;
    const id = `field-${numbers}`;
    this.input = input;
    this.#words = hint;
    this.#hint = h("p.hint", { id: `${id}-hint` }, hint);
    set(this.#problem, "id", `${id}-problem`);
    set(input, "aria-describedby", `${id}-hint ${id}-problem`);
    const group = input.matches("fieldset, [role=group]");
    set(input, "id", id);
    if (group) set(input, "aria-labelledby", `${id}-label`);
    this.element = h(
      "div.field",
      {},
      group ? h("span.label", { id: `${id}-label` }, label) : h("label", { for: id }, label),
      input,
      this.#hint,
      this.#problem,
    );
  }

  get value() {
    return this.input.value.trim();
  }

  set value(value) {
    this.input.value = value;
  }

  /** Say what is wrong; empty: nothing is. */
  set problem(text) {
    say(this.#problem, text);
    set(this.input, "aria-invalid", text ? "true" : null);
    this.#hint.hidden = Boolean(text) || !this.#hint.textContent;
  }

  get problem() {
    return this.#problem.textContent;
  }

  /** Say something else than what the field is for; empty: that again. */
  set hint(text) {
    say(this.#hint, text || this.#words);
    this.#hint.hidden = Boolean(this.problem) || !this.#hint.textContent;
  }
}
