/** A field for a frame expression, which the server counts while it is typed. */

import { call } from "/page/api.js";
import { h } from "/page/dom.js";
import { plural } from "/page/format.js";
import { Field } from "/page/parts/field.js";

const PAUSE_MS = 250;

export class FramesField extends Field {
  #timer = 0;
  #asked = 0;
  #needed;

  /** @param {boolean} needed whether it may not be left empty */
  constructor(label, hint, needed) {
    super(
      label,
      h("input", { autocomplete: "off", spellcheck: "false", placeholder: "1-100" }),
      hint,
    );
    this.#needed = needed;
    this.input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.check(), PAUSE_MS);
    });
  }

  /** Have the server read what is typed, and show its count or what is wrong. Returns whether it is right. */
  async check() {
    clearTimeout(this.#timer);
    const { value } = this;
    this.#asked += 1;
    const asked = this.#asked;
    if (!value) {
      this.hint = "";
      this.problem = this.#needed ? "Say which frames to render" : "";
      return !this.#needed;
    }
    try {
      const { count, first, last } = await call("/frames/count", { body: { frames: value } });
      if (asked === this.#asked) {
        this.problem = "";
        this.hint = count === 1 ? "1 frame" : `${plural(count, "frame")}, from ${first} to ${last}`;
      }
      return true;
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      if (asked === this.#asked) this.problem = error.explanation || error.message;
      return false;
    }
  }
}
