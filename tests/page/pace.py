"""How long the browser's frames are, measured in it."""

from statistics import quantiles
from typing import Final

from playwright.sync_api import Page

FRAMES: Final = 120

MEASURE: Final = """([selector, frames]) => new Promise((done) => {
  const scroller = document.querySelector(selector);
  const lengths = [];
  let last = performance.now();
  let by = 180;
  const step = (now) => {
    lengths.push(now - last);
    last = now;
    const before = scroller.scrollTop;
    scroller.scrollTop += by;
    if (scroller.scrollTop === before) by = -by;
    if (lengths.length < frames) requestAnimationFrame(step);
    else done(lengths.slice(1));
  };
  requestAnimationFrame(step);
})"""


IDLE: Final = """(frames) => new Promise((done) => {
  const lengths = [];
  let last = performance.now();
  const step = (now) => {
    lengths.push(now - last);
    last = now;
    if (lengths.length < frames) requestAnimationFrame(step);
    else done(lengths.slice(1));
  };
  requestAnimationFrame(step);
})"""


def scrolling_ms(opened: Page, selector: str) -> float:
    """Scroll, and return what 95 of 100 frames took no longer than, in milliseconds."""
    return _most(opened.evaluate(MEASURE, [selector, FRAMES]))


def idle_ms(opened: Page) -> float:
    """Return the same of a page that does nothing."""
    return _most(opened.evaluate(IDLE, FRAMES))


def _most(lengths: list[float]) -> float:
    return quantiles(lengths, n=20)[-1]
