// Answers and conversations as text to take away: Markdown, with the sources and the words they rest on.

import { numbered, ofTurn, placeOf, standing, unsaid } from "./answer.js";
import { all } from "./client.js";
import { place } from "./format.js";

/** Return an answer with its numbers and, below, its sources with the quoted words. */
export function answerText(answer) {
  const numbers = numbered(answer);
  const marks = (claim) => [...new Set(claim.citations.map((one) => numbers.get(placeOf(one)).number))].map((mark) => `[${mark}]`);
  const claims = answer.abstained ? [] : standing(answer);
  const said = claims.map((claim) => [claim.text.trim(), ...marks(claim)].join(" "));
  const sources = [...numbers.values()].map(({ number, citation }) =>
    `[${number}] ${[citation.title, citation.source, place(citation)].filter(Boolean).join(", ")}: “${flat(citation.quote)}”`);
  const told = [...said, unsaid(answer)].filter(Boolean).join(" ");
  return [told || answer.text, sources.join("\n")].filter(Boolean).join("\n\n");
}

/** Return a conversation as Markdown: the branch that ends with its last turn. */
export function conversationText(title, turns) {
  const known = new Map(turns.map((turn) => [turn.turn_id, turn]));
  const path = [];
  for (let turn = turns.at(-1); turn; turn = known.get(turn.parent_turn_id)) path.unshift(turn);
  const parts = path.map((turn) => (turn.role === "user" ? `## ${flat(turn.text)}` : inMarkdown(answerText(ofTurn(turn)))));
  return `${[`# ${flat(title)}`, ...parts].join("\n\n")}\n`;
}

/** Fetch a conversation and hand it to the browser as a file. */
export async function save({ session_id: session, title }) {
  const text = conversationText(title || "Untitled", await all(`/chat/history/${encodeURIComponent(session)}`, "turns"));
  const address = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${fileName(title) || "conversation"}.md`;
  link.click();
  URL.revokeObjectURL(address);
}

function flat(text) {
  return text.replace(/\s+/gu, " ").trim();
}

/** Each source a line of its own, also where two lines would run together. */
function inMarkdown(text) {
  return text.replace(/^(\[\d+\] .*)\n(?=\[\d+\] )/gm, "$1  \n");
}

function fileName(title) {
  return title.replace(/[^\p{L}\p{N} _-]+/gu, "").trim().slice(0, 60).trim();
}
