// What is known of an answer: a pure function of its run's events, or of a stored turn.

export function emptyAnswer() {
  return {
    status: "running", stage: "", round: 1, queries: [], sources: [], claims: [], text: "", short: "", confidence: 0,
    abstained: false, suggestions: [], clarification: null, degraded: [], usedTokens: null, cached: false, error: null,
    run: null, effort: null, session: null, questionTurn: null, answerTurn: null, rating: null, reconnecting: false,
  };
}

/** Return the answer after one more event; unknown events change nothing. */
export function after(answer, event) {
  const change = CHANGES[event.type];
  return change ? { ...answer, ...change(event, answer) } : answer;
}

/** Return the answer that a turn of the history holds. */
export function ofTurn(turn) {
  return {
    ...emptyAnswer(),
    status: { complete: "completed", cancelled: "cancelled", failed: "failed" }[turn.status] ?? turn.status,
    claims: turn.claims, text: turn.text, short: turn.short_answer, confidence: turn.confidence, abstained: turn.abstained,
    clarification: turn.abstained ? offered(turn.text) : null, run: turn.run_id, answerTurn: turn.turn_id, questionTurn: turn.parent_turn_id, rating: turn.rating ?? null,
  };
}

/** The question that a stored answer asked back, with its options; null if it asked nothing. */
function offered(text) {
  const [question, ...lines] = text.split("\n");
  const options = lines.map((line) => /^\d\. (.+)$/.exec(line)?.[1]);
  return options.length > 1 && options.every(Boolean) && question.endsWith("?") ? { question, options } : null;
}

/** Claims that the judge let stand, or has not weighed yet. */
export function standing(answer) {
  return answer.claims.filter((claim) => !isStruck(claim));
}

/** Claims that the judge struck; one that was tried in several rounds is told once. */
export function struck(answer) {
  return [...new Map(answer.claims.filter(isStruck).map((claim) => [claim.text, claim])).values()];
}

export function isStruck(claim) {
  return claim.verdict === "unsupported" || claim.verdict === "contradicted";
}

/** Number the quoted places of an answer from 1, in reading order; one place has one number. */
export function numbered(answer) {
  const numbers = new Map();
  for (const claim of standing(answer)) {
    for (const citation of claim.citations) {
      const place = placeOf(citation);
      if (!numbers.has(place)) numbers.set(place, { number: numbers.size + 1, citation });
    }
  }
  return numbers;
}

/** What the text says behind its claims and before a note: which of several questions is left open; "" if none is. */
export function unsaid(answer) {
  const last = answer.abstained ? undefined : standing(answer).at(-1);
  if (!last) return "";
  const at = answer.text.lastIndexOf(last.text);
  return at < 0 ? "" : answer.text.slice(at + last.text.length).split("\n\n")[0].trim();
}

/** Which words of the question were read as others, as the note behind an answer tells it; "" if all stand as typed. */
export function reread(answer) {
  return /\n\nNote: (I read [^\n]*?”\.)/.exec(answer.text ?? "")?.[1] ?? "";
}

export function placeOf(citation) {
  return `${citation.document_id} ${citation.version_id} ${citation.start} ${citation.end}`;
}

const CHANGES = {
  "run.started": (event) => ({
    run: event.run_id, effort: event.effort, session: event.session_id, questionTurn: event.turn_id, answerTurn: event.answer_turn_id,
  }),
  "stage.changed": (event) => ({ stage: event.stage, round: event.round }),
  "query.searched": (event, { queries }) => ({
    queries: [...queries, { query: event.query, condensed: event.condensed, found: event.found }],
  }),
  "sources.found": (event) => ({ sources: event.sources }),
  "answer.cached": () => ({ cached: true }),
  "answer.restarted": () => ({ claims: [], queries: [], sources: [], clarification: null }),
  "answer.delta": (event, { claims }) => ({ claims: appended(claims, event) }),
  "claim.supported": (event, { claims }) => ({ claims: judged(claims, event.claim_id, { verdict: "supported", citations: event.citations }) }),
  "claim.retracted": (event, { claims }) => ({ claims: judged(claims, event.claim_id, { verdict: event.verdict, reason: event.reason }) }),
  "clarification.requested": (event) => ({ clarification: { question: event.question, options: event.options } }),
  degraded: (event, { degraded }) => ({ degraded: [...degraded, { part: event.part, reason: event.reason }] }),
  "answer.completed": (event, { claims }) => ({
    text: event.text, short: event.short_answer, confidence: event.confidence, abstained: event.abstained,
    suggestions: event.suggestions, claims: settled(claims, event.claims),
  }),
  "usage.settled": (event) => ({ usedTokens: event.used_tokens }),
  "run.completed": () => ({ status: "completed", stage: "" }),
  "run.cancelled": () => ({ status: "cancelled", stage: "" }),
  "run.failed": (event) => ({ status: "failed", stage: "", error: { code: event.code, message: event.message } }),
};

function appended(claims, { claim_id: id, text }) {
  if (!claims.some((claim) => claim.id === id)) {
    return [...claims, { id, text, verdict: "pending", reason: "", citations: [] }];
  }
  return claims.map((claim) => (claim.id === id ? { ...claim, text: claim.text + text } : claim));
}

function judged(claims, id, verdict) {
  return claims.map((claim) => (claim.id === id ? { ...claim, ...verdict } : claim));
}

/** The stored claims, then those that were struck on the way and are not among them. */
function settled(seen, stored) {
  const ids = new Set(stored.map((claim) => claim.id));
  return [...stored, ...seen.filter((claim) => isStruck(claim) && !ids.has(claim.id))];
}
