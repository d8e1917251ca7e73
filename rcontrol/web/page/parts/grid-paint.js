/** How the grid of frames is painted: rows that are in sight, cell by cell. */

import { token } from "/page/dom.js";
import { DONE, FAILED, PENDING, RENDERING } from "/page/job-frames.js";

/** Pixels beside the cells, for the numbers of rows. */
export const GUTTER = 46;
/** Cells at least this wide carry signs; those of a short job its numbers, too. */
const SIGN_FROM = 10;
const NUMBERS_UP_TO = 120;

const COLOURS = {
  [PENDING]: "--pending-cell",
  [RENDERING]: "--rendering",
  [DONE]: "--finished",
  [FAILED]: "--failed",
};

/**
 * Paint what is in sight.
 * @param {CanvasRenderingContext2D} context
 * @param {{frames: import("/page/job-frames.js").JobFrames,
 *   running: Map<number, {progress: number}>, columns: number, wide: number, high: number,
 *   top: number, height: number, focused: number}} plan sizes in pixels, a cell's with its gap;
 *   `top`: how far it is scrolled; `focused`: index of the frame that is marked, -1: none
 */
export function paintGrid(context, plan) {
  const firstRow = Math.floor(plan.top / plan.high);
  const lastRow = Math.ceil((plan.top + plan.height) / plan.high);
  const first = firstRow * plan.columns;
  const last = Math.min(plan.frames.length, lastRow * plan.columns);
  paintRowNumbers(context, plan, firstRow, lastRow);
  paintCells(context, plan, first, last);
  paintProgress(context, plan, first, last);
  if (plan.wide >= SIGN_FROM) {
    paintSigns(context, plan, first, last);
    paintFaults(context, plan, first, last);
  }
  if (plan.focused >= 0) paintFocus(context, plan);
}

function corner({ columns, wide, high, top }, index) {
  const row = Math.floor(index / columns);
  return [GUTTER + (index - row * columns) * wide, row * high - top];
}

function paintRowNumbers(context, plan, firstRow, lastRow) {
  const { frames, columns, high, top } = plan;
  const every = Math.ceil(13 / high);
  context.fillStyle = token("--text-3");
  context.font = `10.5px ${token("--font")}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (let row = firstRow - (firstRow % every); row < lastRow; row += every) {
    const index = row * columns;
    if (index >= frames.length) break;
    context.fillText(String(frames.number(index)), GUTTER - 8, row * high - top + high / 2);
  }
}

/** Width and height of what is painted of a cell. */
function inner(plan) {
  const gap = plan.wide >= SIGN_FROM ? 2 : 1;
  return [plan.wide - gap, plan.high - gap];
}

function paintCells(context, plan, first, last) {
  const { states } = plan.frames;
  const [wide, high] = inner(plan);
  const paths = {};
  for (let index = first; index < last; index += 1) {
    const path = (paths[states[index]] ??= new Path2D());
    const [x, y] = corner(plan, index);
    if (plan.wide >= 16) path.roundRect(x, y, wide, high, 3);
    else path.rect(x, y, wide, high);
  }
  for (const [state, path] of Object.entries(paths)) {
    context.fillStyle = token(COLOURS[state]);
    // A frame that was given out fills up as it renders; one that is in line stays pale.
    context.globalAlpha = Number(state) === RENDERING ? 0.4 : 1;
    context.fill(path);
  }
  context.globalAlpha = 1;
}

function paintProgress(context, plan, first, last) {
  const { frames, running } = plan;
  const [wide, high] = inner(plan);
  context.fillStyle = token("--rendering");
  for (const [number, { progress }] of running) {
    const index = frames.index(number);
    if (index < first || index >= last || frames.states[index] !== RENDERING) continue;
    const [x, y] = corner(plan, index);
    const filled = plan.wide >= SIGN_FROM ? Math.max(3, (high * progress) / 100) : high;
    context.fillRect(x, y + high - filled, wide, filled);
  }
}

function paintSigns(context, plan, first, last) {
  const { frames } = plan;
  const { states } = frames;
  const [wide, high] = inner(plan);
  const numbers = plan.wide >= 30 && frames.length <= NUMBERS_UP_TO;
  const inks = [token("--text-2"), token("--text"), "#fff", "#fff"];
  context.font = `600 10.5px ${token("--font")}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const crosses = new Path2D();
  for (let index = first; index < last; index += 1) {
    const [x, y] = corner(plan, index);
    if (numbers) {
      context.fillStyle = inks[states[index]];
      context.fillText(String(frames.number(index)), x + wide / 2, y + high / 2 + 0.5);
    }
    if (states[index] !== FAILED) continue;
    // Beside a number the cross is small, in the corner.
    const arm = numbers ? 2 : Math.min(wide, high) * 0.24;
    const [middle, centre] = numbers ? [x + wide - 5, y + 5] : [x + wide / 2, y + high / 2];
    crosses.moveTo(middle - arm, centre - arm);
    crosses.lineTo(middle + arm, centre + arm);
    crosses.moveTo(middle + arm, centre - arm);
    crosses.lineTo(middle - arm, centre + arm);
  }
  context.lineWidth = 1.6;
  context.strokeStyle = "#fff";
  context.stroke(crosses);
}

/** A corner tells of failed attempts at a frame that is to be tried again. */
function paintFaults(context, plan, first, last) {
  const { attempts, states } = plan.frames;
  const [, high] = inner(plan);
  const arm = Math.min(7, high / 2);
  context.fillStyle = token("--failed");
  context.beginPath();
  for (let index = first; index < last; index += 1) {
    if (!attempts[index] || states[index] === DONE || states[index] === FAILED) continue;
    const [x, y] = corner(plan, index);
    context.moveTo(x, y);
    context.lineTo(x + arm, y);
    context.lineTo(x, y + arm);
  }
  context.fill();
}

function paintFocus(context, plan) {
  const [x, y] = corner(plan, plan.focused);
  context.strokeStyle = token("--text");
  context.lineWidth = 2;
  context.strokeRect(x - 1, y - 1, plan.wide, plan.high);
}
