/** A job's latest pictures as a strip, and all of them as an animation. */

import { path } from "/page/api.js";
import { fill, h, say, set } from "/page/dom.js";
import { icon } from "/page/icons.js";
import { DONE } from "/page/job-frames.js";
import { frameAddress } from "/page/router.js";

/** Pictures in the strip. */
const LATEST = 12;
const RATES = [6, 12, 24];
/** Pictures fetched ahead of the one that is shown. */
const AHEAD = 12;

class Filmstrip extends HTMLElement {
  #frames = null;
  #job = "";
  #playing = 0;
  #at = 0;
  #film = [];
  #fetched = new Map();
  #picture = h("img.film", { alt: "", hidden: true });
  #nothing = h("p.muted", {}, "No picture yet: they appear here as frames are done.");
  #play = h("button.small", { onclick: () => (this.#playing ? this.#pause() : this.#start()) });
  #scrub = h("input", {
    type: "range",
    min: 0,
    value: 0,
    "aria-label": "Frame of the film",
    oninput: () => this.#go(Number(this.#scrub.value)),
  });
  #rate = h(
    "select",
    { "aria-label": "Frames a second" },
    RATES.map((rate) => h("option", { value: rate, selected: rate === 12 }, `${rate} fps`)),
  );
  #number = h("span.number.muted");
  #controls = h(
    "div.film-controls",
    { hidden: true },
    this.#play,
    this.#scrub,
    this.#number,
    this.#rate,
  );
  #strip = h("ol.strip", { "aria-label": "Latest pictures" });

  connectedCallback() {
    this.append(this.#nothing, h("div.film-stage", {}, this.#picture), this.#controls, this.#strip);
    this.#showPlay();
  }

  disconnectedCallback() {
    this.#pause();
  }

  /**
   * @param {string} job its id
   * @param {import("/page/job-frames.js").JobFrames} frames
   */
  show(job, frames) {
    this.#job = job;
    this.#frames = frames;
    const film = [];
    for (let index = 0; index < frames.length; index += 1) {
      if (frames.states[index] === DONE) film.push(index);
    }
    const was = this.#film[this.#at];
    const atEnd = this.#at >= this.#film.length - 1;
    this.#film = film;
    const any = film.length > 0;
    this.#nothing.hidden = any;
    this.#controls.hidden = !any;
    this.#picture.hidden = !any;
    this.#showStrip();
    if (!any) return;
    set(this.#scrub, "max", film.length - 1);
    // Who has not chosen a picture sees the newest one.
    if (!this.#playing) this.#go(atEnd ? film.length - 1 : Math.max(0, film.indexOf(was)), false);
  }

  #address(index) {
    return path("job", "thumbnail", this.#job, String(this.#frames.number(index)));
  }

  #showStrip() {
    const latest = [...new Set(this.#frames.doneOrder.slice(-3 * LATEST).reverse())].slice(
      0,
      LATEST,
    );
    const known = new Map(
      [...this.#strip.children].map((item) => [Number(item.dataset.index), item]),
    );
    const items = latest
      .filter((index) => this.#frames.states[index] === DONE)
      .map((index) => known.get(index) ?? this.#item(index));
    const same =
      items.length === this.#strip.children.length &&
      items.every((item, at) => item === this.#strip.children[at]);
    if (!same) fill(this.#strip, items);
  }

  #item(index) {
    const number = this.#frames.number(index);
    const picture = h("img", {
      src: this.#address(index),
      alt: "",
      loading: "lazy",
      width: 96,
      height: 54,
    });
    picture.addEventListener("error", () =>
      picture.replaceWith(h("span.no-picture", {}, icon("picture"))),
    );
    return h(
      "li",
      { "data-index": index },
      h(
        "a",
        { href: frameAddress(this.#job, number), "aria-label": `Frame ${number}` },
        picture,
        h("span.number", { "aria-hidden": "true" }, number),
      ),
    );
  }

  // --- the film ---

  #fetch(at) {
    const index = this.#film[at % this.#film.length];
    if (!this.#fetched.has(index)) {
      const picture = new Image();
      picture.src = this.#address(index);
      this.#fetched.set(index, picture);
      if (this.#fetched.size > 600) this.#fetched.delete(this.#fetched.keys().next().value);
    }
    return this.#fetched.get(index);
  }

  #go(at, chosen = true) {
    if (chosen && this.#playing) this.#pause();
    this.#at = at;
    const number = this.#frames.number(this.#film[at]);
    const address = this.#address(this.#film[at]);
    if (this.#picture.getAttribute("src") !== address) this.#picture.src = address;
    set(this.#picture, "alt", `Picture of frame ${number}`);
    this.#scrub.value = at;
    set(this.#scrub, "aria-valuetext", `Frame ${number}`);
    say(this.#number, number);
  }

  #start() {
    const step = () => {
      if (!this.#film.length) return;
      const next = (this.#at + 1) % this.#film.length;
      for (let ahead = 0; ahead < Math.min(AHEAD, this.#film.length); ahead += 1)
        this.#fetch(next + ahead);
      // A picture that is not there yet is waited for: nothing is left out.
      if (this.#fetch(next).complete) this.#go(next, false);
      this.#playing = setTimeout(step, 1000 / Number(this.#rate.value));
    };
    this.#playing = setTimeout(step, 0);
    this.#showPlay();
  }

  #pause() {
    clearTimeout(this.#playing);
    this.#playing = 0;
    this.#showPlay();
  }

  #showPlay() {
    fill(this.#play, icon(this.#playing ? "pause" : "start"), this.#playing ? "Pause" : "Play");
  }
}

customElements.define("rc-filmstrip", Filmstrip);
