// What an empty conversation shows: what this is, and something to ask.

import { fill, h } from "./dom.js";
import { number } from "./format.js";

const SAMPLES = [
  "How long may I return unused goods?",
  "What does shipping to Switzerland cost?",
  "How do I pitch the Kestrel tent?",
  "What is the wingspan of an albatross?",
];

/** Draw it. documents: some of them, to see whether there are any and whether the samples are among them. */
export function welcome(element, documents, { ask, choose }) {
  const samples = documents.some((one) => one.collection === "samples");
  fill(element,
    h("h1", {}, documents.length ? "What do you want to know?" : "Begin with a document"),
    h("p", { class: "lede" }, documents.length
      ? "Each sentence of an answer is checked against your documents. What they do not say, the answer does not say."
      : "Drop files anywhere on this page. Answers come from them, sentence by sentence, with the words they rest on."),
    documents.length ? null : h("button", { type: "button", class: "primary", onclick: choose }, "Choose files"),
    samples ? h("ul", { class: "examples", "aria-label": "Questions to try" }, SAMPLES.map((text) =>
      h("li", {}, h("button", { type: "button", onclick: () => ask(text) }, text)))) : null);
}

/** "12,300 tokens left until 1 December", or what was used where nothing limits it. */
export function quotaLine(me, day) {
  if (me.remaining_tokens === null) return `${number(me.used_tokens)} tokens used, no limit`;
  return `${number(me.remaining_tokens)} tokens left until ${day(me.resets_at)}`;
}
