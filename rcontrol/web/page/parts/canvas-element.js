/** What elements that draw on a canvas share. */

import { hideTip } from "/page/parts/tooltip.js";

/** Calls `paint` before the next frame when `draw` was called, or its size or the theme changed. */
export class CanvasElement extends HTMLElement {
  #drawing = 0;
  #sizes = new ResizeObserver(() => this.resized());
  #themed = () => this.draw();

  connectedCallback() {
    this.#sizes.observe(this);
    addEventListener("themechange", this.#themed);
  }

  disconnectedCallback() {
    this.#sizes.disconnect();
    removeEventListener("themechange", this.#themed);
    hideTip();
  }

  resized() {
    this.draw();
  }

  draw() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      if (this.isConnected) this.paint();
    });
  }
}

/**
 * Give a canvas a size in pixels of the page, and return its empty context.
 * @param {HTMLCanvasElement} canvas
 */
export function sized(canvas, width, height) {
  const scale = devicePixelRatio;
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  // Setting a size, even the same, takes the canvas's memory anew.
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
