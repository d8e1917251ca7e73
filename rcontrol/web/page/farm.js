/** The farm as this page knows it. Views listen to its `change` events. */

import { follow } from "/page/events.js";

/**
 * A job as `/events` describes it (`JobRow` in the server's models), with `at`: the server's time,
 * in Unix seconds, of which its `elapsed` and `remaining` are.
 * @typedef {Object} Job
 */

class Farm extends EventTarget {
  /** @type {Map<string, Job>} */
  jobs = new Map();
  /** @type {Array<object>} */
  nodes = [];
  autostart = false;
  /** Why the JobManager does not answer; empty: it does. */
  trouble = "";
  /** What everybody should know, such as that the server is about to end; empty: nothing. */
  notice = "";
  /** @type {"connecting" | "live" | "lost"} */
  connection = "connecting";
  /** When the connection was lost, Unix seconds of this machine. */
  lostAt = 0;
  #ahead = 0;
  #order = null;

  /** The server's time, Unix seconds. */
  now() {
    return Date.now() / 1000 + this.#ahead;
  }

  /** Jobs in queue order; each has its `rank` in it, 1 for the first. */
  inOrder() {
    if (!this.#order) {
      this.#order = [...this.jobs.values()].sort((a, b) => a.place - b.place);
      this.#order.forEach((job, index) => (job.rank = index + 1));
    }
    return this.#order;
  }

  node(name) {
    return this.nodes.find((node) => node.name === name);
  }

  /** Seconds a job has been rendering, up to this moment. */
  elapsed(job) {
    return job.status === "Rendering"
      ? job.elapsed + Math.max(0, this.now() - job.at)
      : job.elapsed;
  }

  /** Seconds a job will still be rendering, as far as can be told; 0: unknown. */
  remaining(job) {
    if (job.status !== "Rendering" || !job.remaining) return job.remaining;
    return Math.max(1, job.remaining - Math.max(0, this.now() - job.at));
  }

  /**
   * Call `act` for every change until `signal` aborts.
   * @param {(change: {jobs: Set<string> | null, nodes: boolean}) => void} act `jobs`: ids of those
   *   that changed, came or went; null: all may have
   */
  watch(act, signal) {
    this.addEventListener("change", (event) => act(event.detail), { signal });
  }

  /** Begin to follow the server. */
  open() {
    follow({
      snapshot: (content) => this.#take(content, true),
      changes: (content) => this.#take(content, false),
      connected: () => this.#connected(),
      lost: () => this.#lost(),
    });
  }

  #take(content, whole) {
    this.#ahead = content.at - Date.now() / 1000;
    this.trouble = content.trouble;
    this.notice = content.notice;
    this.autostart = content.autostart;
    if (whole) this.jobs.clear();
    for (const id of content.gone ?? []) this.jobs.delete(id);
    for (const job of content.jobs) this.jobs.set(job.id, Object.assign(job, { at: content.at }));
    this.#order = null;
    const before = this.nodes.length;
    this.#takeNodes(content, whole);
    const nodes = whole || content.nodes.length > 0 || this.nodes.length !== before;
    this.connection = "live";
    const changed = whole
      ? null
      : new Set([...content.jobs.map((job) => job.id), ...(content.gone ?? [])]);
    this.#announce({ jobs: changed, nodes });
  }

  #takeNodes(content, whole) {
    const known = new Map(whole ? [] : this.nodes.map((node) => [node.name, node]));
    for (const node of content.nodes) known.set(node.name, node);
    const names = content.names ?? [...known.keys()];
    this.nodes = names.map((name) => known.get(name)).filter(Boolean);
  }

  #connected() {
    // Without news since the last event nothing follows, and what is shown holds.
    if (this.connection === "lost") {
      this.connection = "live";
      this.#announce({ jobs: new Set(), nodes: false });
    }
  }

  #lost() {
    if (this.connection === "lost") return;
    this.connection = "lost";
    this.lostAt = Date.now() / 1000;
    this.#announce({ jobs: new Set(), nodes: false });
  }

  #announce(detail) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}

/** The one farm of this page. */
export const farm = new Farm();
