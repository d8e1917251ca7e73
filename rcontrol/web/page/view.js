/** What all views are. */

import { farm } from "/page/farm.js";

/** An element that shows a part of the farm for as long as it is in the document. */
export class View extends HTMLElement {
  #end = new AbortController();

  /** Aborts when the view leaves: listeners and requests end with it. */
  get signal() {
    return this.#end.signal;
  }

  connectedCallback() {
    this.#end = new AbortController();
    this.build();
    farm.watch((change) => this.update(change), this.signal);
    this.update({ jobs: null, nodes: true });
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  /** Make the elements, once. */
  build() {}

  /** Show what has changed; see `farm.watch`. */
  update() {}

  /** Call `act` every so often while the view is there. */
  every(milliseconds, act) {
    const timer = setInterval(act, milliseconds);
    this.signal.addEventListener("abort", () => clearInterval(timer));
  }
}
