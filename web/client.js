// Talks to /api/v1: JSON in and out, errors as Problem, the caller's token where the server wants one.

const TOKEN = "multidb.token";
const BASE = "/api/v1";

/** What the server says when it cannot: `code` is stable, the message is for people. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `The server answered ${status}.`);
    Object.assign(this, { status, code: body.code ?? "unknown", body, retryAfter: Number(retryAfter) || 0 });
  }
}

export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

export function authorization() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Send a request; return its Response. Throws Problem for an error of the server, TypeError when it is not reached. */
export async function send(method, path, { json, headers = {}, signal } = {}) {
  const body = json === undefined ? {} : { body: JSON.stringify(json) };
  const kind = json === undefined ? {} : { "Content-Type": "application/json" };
  const response = await fetch(BASE + path, { method, signal, headers: { ...authorization(), ...kind, ...headers }, ...body });
  if (!response.ok) throw new Problem(response.status, await problemBody(response), response.headers.get("Retry-After"));
  return response;
}

/** Send a request; return the JSON of its answer, null if it has none. */
export async function call(method, path, options) {
  const response = await send(method, path, options);
  return response.status === 204 ? null : response.json();
}

/** Return every item of a paged listing, at most `most` of them. */
export async function all(path, field, most = 2000) {
  const items = [];
  let after = null;
  do {
    const page = await call("GET", withQuery(path, { limit: 200, after }));
    items.push(...page[field]);
    after = page.next;
  } while (after !== null && items.length < most);
  return items;
}

export function withQuery(path, values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== null && value !== ""));
  return `${path}?${query}`;
}

/**
 * Upload one file into a collection; return what became of it. fetch cannot tell how much was sent, so XMLHttpRequest does.
 * told: {sent(part), reading({page, pages})}; part is 0 to 1.
 */
export function upload(file, collection, told, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("collection", collection);
    form.append("files", file, file.name);
    request.open("POST", `${BASE}/documents`);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.setRequestHeader("Accept", "application/x-ndjson");
    request.upload.onprogress = (event) => event.lengthComputable && told.sent(event.loaded / event.total);
    request.onprogress = () => {
      const line = lastLine(request.responseText);
      if (line.type === "progress") told.reading(line);
    };
    request.onerror = () => reject(new TypeError("The connection was lost."));
    request.onabort = () => reject(new DOMException("Stopped.", "AbortError"));
    request.onload = () => {
      const line = lastLine(`${request.responseText}\n`);
      if (line.type === "done") resolve(line.files[0]);
      else if (line.type === "progress") reject(new TypeError("The connection was lost."));
      else reject(new Problem(line.status ?? request.status, line, request.getResponseHeader("Retry-After")));
    };
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** Read the last complete line of JSON. */
function lastLine(text) {
  const end = text.lastIndexOf("\n", text.trimEnd().length);
  try {
    return JSON.parse(text.slice(text.lastIndexOf("\n", end - 1) + 1, end)) ?? {};
  } catch {
    return {};
  }
}

async function problemBody(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}
