/** Calls to the server, and its refusals as errors. */

/** What the server, or the way to it, said instead of an answer. */
export class ApiError extends Error {
  /**
   * @param {number} status 0: the server was not reached
   * @param {string} message
   * @param {string} explanation a sentence; names the field where a field is wrong
   */
  constructor(status, message, explanation = "") {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.explanation = explanation;
  }
}

/**
 * Ask, and return the JSON that is answered; undefined where the answer is empty.
 * @throws {ApiError}
 */
export async function call(path, { body, signal } = {}) {
  const asked = { method: "POST", signal, cache: "no-store" };
  if (body !== undefined) {
    asked.body = JSON.stringify(body);
    asked.headers = { "Content-Type": "application/json" };
  }
  const { status, text } = await answer(path, asked);
  const parsed = parse(text);
  if (status >= 200 && status < 300) return parsed;
  throw new ApiError(
    status,
    parsed?.message ?? `The server answered ${status}`,
    parsed?.explanation,
  );
}

async function answer(path, asked) {
  try {
    const response = await fetch(path, asked);
    return { status: response.status, text: await response.text() };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(
      0,
      "The server does not answer",
      "whether it has done anything is not known",
    );
  }
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Return a path of segments, each of which may hold any character. */
export function path(...segments) {
  return `/${segments.map((segment) => encodeURIComponent(segment)).join("/")}`;
}
