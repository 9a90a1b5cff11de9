// Reads a run's events, and takes a broken connection up where it was.

import { Problem, send } from "./client.js";

const TERMINAL = new Set(["run.completed", "run.failed", "run.cancelled"]);
const PASSING = new Set([408, 429, 502, 503, 504]);
const SILENCE_MS = 40_000; // the server's heartbeat comes every 15 s
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 8_000;
const PATIENCE_UNACCEPTED = 5; // attempts to get a message accepted at all

/**
 * Yield a run's events in order, each once, to its last.
 *
 * source: {message, key} asks (the key makes a repeated post the same run), {run} follows one that exists.
 * onBreak(true) when the connection is lost, onBreak(false) when it is back. Throws Problem when it cannot go on.
 */
export async function* events(source, signal, onBreak) {
  let { run = null } = source;
  let last = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const event of attempt(run ? { run, last } : source, signal)) {
        if (event === null) return;
        if (failures) onBreak(false);
        failures = 0;
        if (event.seq <= last) continue;
        last = event.seq;
        if (event.type === "run.started") run = event.run_id;
        yield event;
        if (TERMINAL.has(event.type)) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isFinal(error) || (!run && navigator.onLine && failures + 1 >= PATIENCE_UNACCEPTED)) throw error;
    }
    failures += 1;
    onBreak(true);
    await pause(failures, signal);
  }
}

/** One connection's events; null if the server says that nothing follows. */
async function* attempt(source, signal) {
  const watch = new Watch(signal);
  try {
    const response = await open(source, watch.signal);
    if (response.status === 204) {
      yield null;
      return;
    }
    for await (const frame of frames(response.body, () => watch.heard())) {
      if (frame.id) yield JSON.parse(frame.data);
    }
  } finally {
    watch.end();
  }
}

function open(source, signal) {
  const headers = { Accept: "text/event-stream" };
  if (source.run) {
    return send("GET", `/runs/${source.run}/events`, { headers: { ...headers, "Last-Event-ID": String(source.last) }, signal });
  }
  return send("POST", "/chat/message", { json: source.message, headers: { ...headers, "Idempotency-Key": source.key }, signal });
}

/** Parse Server-Sent Events from a byte stream. Source: WHATWG HTML, section 9.2.6. */
export async function* frames(body, onBytes = () => {}) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let frame = { data: "" };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      onBytes();
      rest += value;
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line) take(frame, line);
        else {
          if (frame.data) yield { ...frame, data: frame.data.slice(0, -1) };
          frame = { data: "" };
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function take(frame, line) {
  const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
  if (name === "data") frame.data += `${value ?? ""}\n`;
  else if (name === "id" || name === "event") frame[name] = value ?? "";
}

/** Ends a connection that has gone silent: without heartbeats nobody is at the other end. */
class Watch {
  #controller = new AbortController();
  #timer = null;

  constructor(signal) {
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
    this.heard();
  }

  heard() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(), SILENCE_MS);
  }

  end() {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}

function isFinal(error) {
  return error instanceof Problem && (!PASSING.has(error.status) || error.code === "quota_exceeded");
}

/** Wait longer after each failure; go on at once when the browser says that it is online again. */
function pause(failures, signal) {
  const wait = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
  return new Promise((resolve) => {
    const timer = setTimeout(go, wait);
    function go() {
      clearTimeout(timer);
      window.removeEventListener("online", go);
      signal.removeEventListener("abort", go);
      resolve();
    }
    window.addEventListener("online", go);
    signal.addEventListener("abort", go);
  });
}
