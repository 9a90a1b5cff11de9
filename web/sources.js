// The panel that shows a document's text, open at the quoted words.

import { numbered, placeOf } from "./answer.js";
import { call, Problem, withQuery } from "./client.js";
import { fill, foreign, h, icon, iconButton } from "./dom.js";
import { place } from "./format.js";
import { locate, whole } from "./offsets.js";
import { speak } from "./speak.js";

const AROUND = 6_000; // UTF-16 units shown on each side of the quote; more on request

export class SourcePanel {
  constructor(element, onToggle) {
    this.element = element;
    this.onToggle = onToggle;
    this.opener = null;
    this.shown = null;
    element.addEventListener("keydown", (event) => {
      const label = { ArrowLeft: "The source before", ArrowRight: "The next source" }[event.key];
      if (label) element.querySelector(`[aria-label="${label}"]`)?.click();
    });
  }

  /** Open a document at a citation. answer: whose other citations can be stepped to. */
  async open(citation, answer, opener) {
    this.opener = opener ?? this.opener;
    this.shown = citation;
    const body = h("div", { class: "source-body", tabindex: "0", role: "region", "aria-label": "Text of the source" }, h("p", { class: "hint" }, "Opening …"));
    fill(this.element, this.#head(citation, answer), body);
    this.element.hidden = false;
    this.onToggle(true);
    this.element.querySelector("h2").focus();
    try {
      const found = await cited(citation);
      if (this.shown === citation) this.#show(found, citation, body);
    } catch (error) {
      if (this.shown === citation) this.#explain(error, citation, body);
    }
  }

  /** Open a document at its beginning. */
  openDocument(document, opener) {
    return this.open({ ...document, start: 0, end: 0, quote: "", page: null, row: null }, null, opener);
  }

  close() {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.shown = null;
    fill(this.element);
    this.onToggle(false);
    if (this.opener?.isConnected) this.opener.focus();
    else document.getElementById("main").focus();
    this.opener = null;
  }

  #head(citation, answer) {
    const places = answer ? [...numbered(answer).values()] : [];
    const at = places.findIndex((one) => placeOf(one.citation) === placeOf(citation));
    const step = (by) => () => this.open(places[at + by].citation, answer, null);
    const walk = places.length > 1 && at >= 0 ? h("div", { class: "walk" },
      iconButton("left", "The source before", step(-1), { disabled: at === 0 }),
      h("span", {}, `${at + 1} of ${places.length}`),
      iconButton("right", "The next source", step(1), { disabled: at === places.length - 1 })) : null;
    return h("header", { class: "source-head" },
      h("div", { class: "source-title" }, foreign("h2", citation.title || citation.source, { id: "source-title", tabindex: "-1" }),
        h("p", {}, place(citation) ? h("span", { class: "chip" }, place(citation)) : null, foreign("span", citation.source, { class: "path" }))),
      walk,
      iconButton("close", "Close the source", () => this.close()));
  }

  #show({ document, isFormer }, citation, body) {
    const found = citation.quote ? locate(document.text, citation) : { start: 0, end: 0 };
    const changed = isFormer
      ? "The document has changed since; this is the version that was quoted."
      : !citation.quote || document.version_id === citation.version_id ? ""
      : found ? "The document has changed since; the quoted words are still in it."
      : "The document has changed since, and the quoted words are no longer in it.";
    const notes = changed ? [h("p", { class: "notice" }, icon("files"), changed, isFormer
      ? h("button", { type: "button", class: "quiet", onclick: () => this.openDocument(citation) }, "As it is now")
      : null)] : [];
    if (!found) notes.push(foreign("blockquote", citation.quote, { class: "lost" }));
    const text = h("div", { class: "source-text", dir: "auto" });
    fill(body, notes, text);
    const at = found ?? { start: 0, end: 0 };
    windowOn(document.text, at, whole(document.text, Math.max(0, at.start - AROUND)), whole(document.text, Math.min(document.text.length, at.end + AROUND)), text);
    const mark = text.querySelector("mark");
    if (mark) {
      mark.scrollIntoView({ block: "center" });
      speak(`Opened at: ${citation.quote.slice(0, 200)}`);
    } else body.scrollTop = 0;
  }

  #explain(error, citation, body) {
    const gone = error instanceof Problem && error.status === 404;
    fill(body,
      h("p", { class: "notice" }, gone ? "The document has been deleted since. These were its words:" : `It could not be opened: ${error.message}`),
      citation.quote ? foreign("blockquote", citation.quote, { class: "lost" }) : null);
  }
}

/** Fetch the text that a citation quotes, as it was then while that is kept; say whether it is a former one. */
async function cited({ document_id, version_id, quote }) {
  const path = `/documents/${encodeURIComponent(document_id)}/text`;
  const document = await call("GET", path);
  if (!quote || !version_id || document.version_id === version_id) return { document, isFormer: false };
  try {
    return { document: await call("GET", withQuery(path, { version_id })), isFormer: true };
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return { document, isFormer: false };
    throw error;
  }
}

/** Draw a piece of a text with its quote marked, and buttons for more of it. */
function windowOn(text, quote, from, to, into) {
  const more = (label, nextFrom, nextTo) => h("button", { type: "button", class: "quiet more", onclick: () => {
    windowOn(text, quote, whole(text, Math.max(0, nextFrom)), whole(text, Math.min(text.length, nextTo)), into);
  } }, label);
  fill(into,
    from > 0 ? more("Show what comes before", from - 4 * AROUND, to) : null,
    text.slice(from, quote.start),
    quote.end > quote.start ? h("mark", {}, text.slice(quote.start, quote.end)) : null,
    text.slice(quote.end, to),
    to < text.length ? more("Show what follows", from, to + 4 * AROUND) : null);
}
