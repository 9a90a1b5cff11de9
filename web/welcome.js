// What an empty conversation shows: what this is, and something to ask.

import { fill, h } from "./dom.js";
import { number } from "./format.js";

const SAMPLES = [
  "How long may I return unused goods?",
  "What does shipping to Switzerland cost?",
  "How do I pitch the Kestrel tent?",
  "What is the wingspan of an albatross?",
];

/** Draw it. collections: names of those that hold a document. */
export function welcome(element, collections, { ask, choose }) {
  const samples = collections.includes("samples");
  fill(element,
    h("h1", {}, collections.length ? "What do you want to know?" : "Begin with a document"),
    h("p", { class: "lede" }, collections.length
      ? "Each sentence of an answer is checked against your documents. What they do not say, the answer does not say."
      : "Drop files anywhere on this page. Answers come from them, sentence by sentence, with the words they rest on."),
    collections.length ? null : h("button", { type: "button", class: "primary", onclick: choose }, "Choose files"),
    samples ? h("ul", { class: "examples", "aria-label": "Questions to try" }, SAMPLES.map((text) =>
      h("li", {}, h("button", { type: "button", onclick: () => ask(text) }, text)))) : null);
}

/** "12,300 tokens left until 1 December", or what was used where nothing limits it. */
export function quotaLine(me, day) {
  if (me.remaining_tokens === null) return `${number(me.used_tokens)} tokens used, no limit`;
  return `${number(me.remaining_tokens)} tokens left until ${day(me.resets_at)}`;
}
