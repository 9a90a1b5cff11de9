// Draws an answer while it grows and once it stands.

import { fill, foreign, h, icon, iconButton } from "./dom.js";
import { count, number, place } from "./format.js";
import { record } from "./record.js";
import { isStruck, numbered, placeOf, reread, standing, struck, unsaid } from "./answer.js";
import { answerText } from "./export.js";
import { speak } from "./speak.js";

const STAGES = [["researching", "Search"], ["reading", "Read"], ["writing", "Write"], ["judging", "Judge"]];
const BULLET = /^[-*•] +(?=\S)/;
const STEP = /^\d{1,2}\. +(?=\S)/;
const DISPUTE = "The sources disagree: ";
const SILENCE = "The sources do not say.";

/** acts: {cite(citation, answer, opener), retry(effort), ask(text), rate(rating), addDocuments()} */
export class AnswerView {
  constructor(acts) {
    this.acts = acts;
    this.work = h("div", { class: "work" });
    this.short = h("p", { class: "short", dir: "auto" });
    this.prose = h("div", { class: "prose" });
    this.after = h("div", { class: "after" });
    this.element = h("div", { class: "answer" }, this.work, this.short, this.prose, this.after);
    this.claims = new Map();
  }

  show(answer) {
    this.element.dataset.status = answer.status;
    this.element.setAttribute("aria-busy", String(answer.status === "running"));
    fill(this.work, answer.status === "running" ? working(answer) : null);
    // A short answer in the words of a sentence is marked there; one in its own words stands before them.
    const short = answer.status === "running" ? "" : answer.short;
    const holder = short ? standing(answer).find((claim) => claim.text.includes(short)) : undefined;
    this.short.textContent = holder ? "" : short;
    this.#showClaims(answer, holder?.id);
    if (answer.status !== "running") fill(this.after, this.#conclusion(answer));
    else fill(this.after, answer.degraded.map(degradation));
  }

  #showClaims(answer, holder) {
    const numbers = numbered(answer);
    // While it works, struck sentences stay in their place, struck; afterwards they move below.
    const shown = answer.abstained ? [] : answer.status === "running" ? answer.claims : standing(answer);
    for (const claim of shown) this.#showClaim(claim, numbers, answer, claim.id === holder ? answer.short : "");
    const ids = new Set(shown.map((claim) => claim.id));
    for (const [id, { node }] of this.claims) {
      if (!ids.has(id)) {
        node.remove();
        this.claims.delete(id);
      }
    }
    if (!shown.length && answer.status !== "running" && !answer.abstained && answer.text) {
      fill(this.prose, foreign("p", answer.text));
    }
  }

  #showClaim(claim, numbers, answer, short) {
    const state = `${short} ${claim.verdict} ${claim.text.length} ${claim.citations.map((one) => numbers.get(placeOf(one))?.number)}`;
    let known = this.claims.get(claim.id);
    if (!known) {
      known = { node: h("span", { class: "claim" }), state: "" };
      this.claims.set(claim.id, known);
      this.prose.append(known.node, " ");
    }
    if (known.state === state) return;
    known.state = state;
    known.node.dataset.verdict = claim.verdict;
    if (isStruck(claim)) known.node.title = claim.reason;
    const table = claim.verdict === "supported" ? record(claim.text) : null;
    known.node.classList.toggle("as-record", table !== null);
    const bullet = table ? null : BULLET.exec(claim.text);
    known.node.classList.toggle("as-item", bullet !== null);
    known.node.classList.toggle("as-step", STEP.test(claim.text));
    known.node.classList.toggle("as-dispute", claim.text.startsWith(DISPUTE));
    const text = bullet ? claim.text.slice(bullet[0].length) : claim.text;
    const words = table ?? fill(foreign(isStruck(claim) ? "del" : "span", ""), emphasised(text, short));
    const marks = isStruck(claim) ? [] : claim.citations.map((citation) => this.#mark(citation, numbers, answer));
    fill(known.node, words, marks.length ? h("span", { class: "marks" }, marks) : null);
  }

  #mark(citation, numbers, answer) {
    const mark = numbers.get(placeOf(citation)).number;
    const label = `Source ${mark}: ${[citation.title, place(citation)].filter(Boolean).join(", ")}`;
    const open = (event) => this.acts.cite(citation, answer, event.currentTarget);
    return h("button", { type: "button", class: "cite", "aria-label": label, title: label, onclick: open }, mark);
  }

  #conclusion(answer) {
    return [
      answer.abstained && !answer.clarification ? this.#abstention(answer) : null,
      answer.clarification ? this.#clarification(answer.clarification) : null,
      unsaid(answer) ? foreign("p", unsaid(answer), { class: "unsaid" }) : null,
      reread(answer) ? foreign("p", reread(answer), { class: "reread" }) : null,
      answer.status === "cancelled" ? notice("Stopped. What had been written is kept; it was not judged.") : null,
      answer.status === "failed" ? failure(answer.error) : null,
      answer.degraded.map(degradation),
      this.#footnotes(answer),
      strikes(answer),
      this.#actions(answer),
      this.#suggestions(answer),
    ];
  }

  #abstention(answer) {
    if (answer.text && !answer.text.startsWith(SILENCE)) return foreign("p", answer.text);
    const queries = [...new Set(answer.queries.map((one) => one.query))];
    const closest = titles(answer);
    return h("section", { class: "abstention" },
      h("h3", {}, "The sources do not say"),
      queries.length ? [h("p", { class: "label" }, "Looked for"), h("ul", {}, queries.map((query) => foreign("li", query)))] : null,
      closest.length ? [h("p", { class: "label" }, "Closest, but no answer"), h("ul", { class: "inline" }, closest.map((title) => foreign("li", title)))] : null,
      queries.length ? null : foreign("p", answer.text.replace(/^The sources do not say\.\s*/, "")),
      h("div", { class: "row" },
        answer.effort === "deep" ? null : h("button", { type: "button", class: "quiet", onclick: () => this.acts.retry("deep") }, "Search deeper"),
        h("button", { type: "button", class: "quiet", onclick: () => this.acts.addDocuments() }, "Add documents")));
  }

  #clarification({ question, options }) {
    return h("section", { class: "clarification" }, foreign("p", question),
      h("div", { class: "row" }, options.map((option) => foreign("button", option, { type: "button", class: "quiet", onclick: () => this.acts.ask(option) }))));
  }

  #footnotes(answer) {
    const places = [...numbered(answer).values()];
    if (!places.length || answer.abstained) return null;
    const said = new Set(standing(answer).map((claim) => claim.text.replace(STEP, "").replace(BULLET, "").trim()));
    const isSaid = ({ citation }) => said.has(citation.quote.trim());
    const groups = new Map();
    for (const one of places) {
      // What the answer says in the source's own words needs one line for each source; a quote that it does not say, one of its own.
      const key = isSaid(one) ? `${one.citation.document_id} ${place(one.citation)}` : one.number;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    return h("ol", { class: "footnotes", "aria-label": "Sources" }, [...groups.values()].map((group) =>
      h("li", {}, group.length > 1 ? this.#joint(group, answer) : this.#footnote(group[0], answer, isSaid(group[0])))));
  }

  #footnote({ number: mark, citation }, answer, said) {
    return h("button", { type: "button", class: "footnote", onclick: (event) => this.acts.cite(citation, answer, event.currentTarget) },
      h("span", { class: "footnote-number", "aria-hidden": "true" }, mark),
      h("span", { class: "footnote-body" }, footnoteHead(citation),
        said ? null : foreign("span", citation.quote, { class: "footnote-quote" })));
  }

  /** One line for several quotes of one source. */
  #joint(group, answer) {
    return h("div", { class: "footnote joint" }, group.map(({ number: mark, citation }) =>
      h("button", { type: "button", class: "footnote-number", "aria-label": `Source ${mark}: ${citation.title}`, onclick: (event) => this.acts.cite(citation, answer, event.currentTarget) }, mark)),
    h("span", { class: "footnote-body" }, footnoteHead(group[0].citation)));
  }

  #actions(answer) {
    const copy = async (event) => {
      const button = event.currentTarget;
      await navigator.clipboard.writeText(answerText(answer));
      fill(button, icon("check"));
      speak("Copied.");
    };
    const rate = (rating, name, label) => iconButton(name, label, () => this.acts.rate(rating), {
      "aria-pressed": String(answer.rating === rating), disabled: !answer.answerTurn,
    });
    const done = answer.status === "completed";
    return h("div", { class: "actions" },
      done ? [rate("up", "up", "Good answer"), rate("down", "down", "Bad answer")] : null,
      answer.text ? iconButton("copy", "Copy the answer with its sources", copy) : null,
      iconButton("again", "Ask again", () => this.acts.retry(null)),
      h("span", { class: "facts" }, facts(answer)));
  }

  #suggestions({ suggestions }) {
    if (!suggestions.length) return null;
    return h("div", { class: "row suggestions" }, suggestions.map((text) =>
      foreign("button", text, { type: "button", class: "quiet", onclick: () => this.acts.ask(text) })));
  }
}

function footnoteHead(citation) {
  return h("span", { class: "footnote-head" }, foreign("span", citation.title || citation.source, { class: "footnote-title" }),
    place(citation) ? h("span", { class: "footnote-place" }, place(citation)) : null,
    foreign("span", citation.source, { class: "path" }));
}

/** A text with its most telling words marked, where it has them; never half of a word or a number. */
function emphasised(text, words) {
  let start = words ? text.indexOf(words) : -1;
  if (start < 0) return [text];
  let end = start + words.length;
  while (/[\p{L}\p{N}.,]/u.test(text.charAt(start - 1))) start -= 1;
  while (/[\p{L}\p{N}]/u.test(text.charAt(end))) end += 1;
  return [text.slice(0, start), h("strong", {}, text.slice(start, end)), text.slice(end)];
}

/** What the run does now: its stages, what it looks for, what it will read. */
function working(answer) {
  const now = STAGES.findIndex(([name]) => name === answer.stage);
  const query = answer.queries.at(-1);
  return [
    h("ol", { class: "stages", "aria-label": "Progress" }, STAGES.map(([name, label], place) =>
      h("li", { class: place < now ? "past" : place === now ? "now" : "", "aria-current": place === now ? "step" : null, "data-stage": name }, label)),
      answer.round > 1 ? h("li", { class: "round" }, `round ${answer.round}`) : null),
    answer.reconnecting ? notice(broken(answer)) : null,
    query && !answer.reconnecting ? h("p", { class: "query" }, icon("search"), foreign("q", query.query), h("span", { class: "found" }, count(query.found, "passage"))) : null,
    answer.sources.length && !answer.claims.length ? h("p", { class: "reading" }, titles(answer).slice(0, 4).map((title) => foreign("span", title, { class: "chip" }))) : null,
  ];
}

function broken(answer) {
  if (navigator.onLine) return "The connection was lost; taking it up again …";
  return answer.run
    ? "You are offline. The answer goes on without you and is taken up where it was."
    : "You are offline. The question is sent as soon as the line is back.";
}

function strikes(answer) {
  const claims = struck(answer);
  if (!claims.length) return null;
  return h("details", { class: "strikes" },
    h("summary", {}, `${count(claims.length, "sentence")} struck by the judge`),
    h("ul", {}, claims.map((claim) => h("li", {}, foreign("del", claim.text), claim.reason ? foreign("span", claim.reason, { class: "reason" }) : null))));
}

function facts(answer) {
  const judged = standing(answer).length;
  const parts = [];
  if (answer.status === "completed" && !answer.abstained && judged) {
    parts.push(`${count(judged, "sentence")} judged`, `confidence ${Math.round(answer.confidence * 100)} %`);
  }
  if (answer.cached) parts.push("given before, nothing has changed since");
  if (answer.usedTokens) parts.push(`${number(answer.usedTokens)} tokens`);
  return parts.join(" · ");
}

function titles(answer) {
  const cited = answer.claims.flatMap((claim) => claim.citations);
  return [...new Set([...answer.sources, ...cited].map((source) => source.title || source.source))].slice(0, 6);
}

function degradation({ part, reason }) {
  return notice(`Without the ${part.replaceAll("_", " ")}: ${reason}`);
}

function failure(error) {
  const told = error?.message || "this answer could not be completed";
  return notice(`${sentence(told)} Your question is kept: ask again, or edit it.`, "bad");
}

/** What a server says, as a sentence of the page. */
function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? "" : "."}`;
}

function notice(text, kind = "") {
  return foreign("p", text, { class: `notice ${kind}` });
}
