/** A list of any length with as many rows in the document as are seen. */

import { h } from "/page/dom.js";

/** Rows beyond the edges, so that scrolling shows no gap. */
const SPARE = 6;

export class VirtualList {
  #items = [];
  #rows = [];
  #height = 0;
  #make;
  #show;
  #space = h("div.space", { role: "presentation" });

  /**
   * @param {HTMLElement} element scrolls
   * @param {() => {element: HTMLElement}} make makes a row
   * @param {(row: object, item: object, index: number) => void} show fills a row
   * @param {AbortSignal} signal
   */
  constructor(element, make, show, signal) {
    this.element = element;
    this.#make = make;
    this.#show = show;
    element.append(this.#space);
    element.addEventListener("scroll", () => this.#render(), { passive: true, signal });
    const sizes = new ResizeObserver(() => this.#measure());
    sizes.observe(element);
    signal.addEventListener("abort", () => sizes.disconnect());
  }

  get items() {
    return this.#items;
  }

  /** Height of a row in CSS pixels, as the style sheet's `--row` says. */
  get rowHeight() {
    return this.#height;
  }

  /** Show these, in this order. */
  set items(items) {
    this.#items = items;
    this.#fit();
    this.#render();
  }

  /** The row that shows an item now, if any. */
  rowAt(index) {
    const row = this.#rows[index % this.#rows.length];
    return row?.index === index ? row : undefined;
  }

  /** Bring an item into sight. */
  reveal(index) {
    const top = index * this.#height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.#height > scrollTop + clientHeight) {
      this.element.scrollTop = top + this.#height - clientHeight;
    }
    this.#render();
  }

  /** Index of the item at a height of the window, in CSS pixels; may be out of range. */
  indexAt(y) {
    return (y - this.element.getBoundingClientRect().top + this.element.scrollTop) / this.#height;
  }

  #measure() {
    this.#height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row"));
    this.#fit();
    this.#render();
  }

  #fit() {
    this.#space.style.height = `${this.#items.length * this.#height}px`;
  }

  #render() {
    if (!this.#height) return;
    const { scrollTop, clientHeight } = this.element;
    const number = Math.ceil(clientHeight / this.#height) + 2 * SPARE;
    while (this.#rows.length < number) {
      const row = this.#make();
      this.#rows.push(row);
      this.#space.append(row.element);
    }
    while (this.#rows.length > number) this.#rows.pop().element.remove();
    const first = Math.max(0, Math.floor(scrollTop / this.#height) - SPARE);
    for (let index = first; index < first + this.#rows.length; index += 1) {
      const row = this.#rows[index % this.#rows.length];
      const item = this.#items[index];
      row.element.hidden = !item;
      row.index = item ? index : -1;
      if (item) {
        if (row.top !== index * this.#height) {
          row.top = index * this.#height;
          row.element.style.transform = `translateY(${row.top}px)`;
        }
        this.#show(row, item, index);
      }
    }
  }
}
