/** What a renderer says in one attempt at a frame, read on while it renders. */

import { call, path } from "/page/api.js";
import { h, say } from "/page/dom.js";

const EVERY_MS = 1000;
/** Characters kept on the page; the server keeps all of them. */
const KEPT = 400_000;

class FrameLog extends HTMLElement {
  #text = h("pre", {
    tabindex: 0,
    role: "log",
    "aria-label": "Output of the renderer",
    "aria-live": "off",
  });
  #state = h("p.hint", { role: "status" });
  #end = new AbortController();

  connectedCallback() {
    this.append(this.#text, this.#state);
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  /** Show another log. Empty `attempt`: there is none. */
  show(job, frame, attempt) {
    this.#end.abort();
    this.#end = new AbortController();
    this.#text.textContent = "";
    this.#text.hidden = !attempt;
    say(this.#state, attempt ? "" : "No output is kept of this frame.");
    if (attempt)
      this.#follow(
        `${path("job", "log", job, String(frame))}?attempt=${encodeURIComponent(attempt)}`,
        this.#end.signal,
      );
  }

  async #follow(address, signal) {
    let position = 0;
    while (!signal.aborted) {
      let part = null;
      try {
        part = await call(`${address}&position=${position}`, { signal });
      } catch (error) {
        if (error.name === "AbortError") return;
        if (error.name !== "ApiError") throw error;
        say(this.#state, `${error.message}: ${error.explanation}`);
        if (error.status >= 400 && error.status < 500) return;
      }
      if (part) {
        position = part.next;
        this.#append(part.text);
        say(
          this.#state,
          part.ended ? "The attempt has ended." : "Follows while the frame renders.",
        );
        if (part.ended) return;
      }
      if (!part || part.at_end) await new Promise((done) => setTimeout(done, EVERY_MS));
    }
  }

  #append(text) {
    if (!text) return;
    const view = this.#text;
    const atEnd = view.scrollHeight - view.scrollTop - view.clientHeight < 30;
    view.append(text);
    if (view.textContent.length > KEPT) view.textContent = `…${view.textContent.slice(-KEPT / 2)}`;
    // Who has scrolled up reads, and is left there.
    if (atEnd) view.scrollTop = view.scrollHeight;
  }
}

customElements.define("rc-frame-log", FrameLog);
