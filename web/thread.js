// One conversation: its questions and answers, asking, stopping, asking again, editing.

import { after, emptyAnswer, ofTurn } from "./answer.js";
import { AnswerView } from "./answer-view.js";
import { all, call, Problem } from "./client.js";
import { fill, foreign, h, iconButton } from "./dom.js";
import { day } from "./format.js";
import { speak } from "./speak.js";
import { events } from "./stream.js";

const PENDING = "multidb.pending";
const STAGE_NAMES = { researching: "Searching", reading: "Reading", writing: "Writing", judging: "Judging" };
const NEAR_END_PX = 120;

/** acts: {cite, addDocuments, started(session), ended(), effort(), filters(), running(bool), restore(text)} */
export class Thread {
  constructor(scroller, acts) {
    this.scroller = scroller;
    this.acts = acts;
    this.list = h("ol", { class: "thread" });
    this.clear();
  }

  clear() {
    this.live?.controller.abort(); // the run itself goes on; its conversation shows it when it is opened again
    this.live = null;
    this.session = null;
    this.turns = [];
    this.tip = null;
    fill(this.list);
    this.acts.running(false);
  }

  /** Show a conversation of the history; an answer that is still being written is followed. */
  async open(session) {
    this.clear();
    this.session = session;
    const turns = await all(`/chat/history/${encodeURIComponent(session)}`, "turns");
    if (this.session !== session) return;
    this.turns = turns;
    this.tip = turns.at(-1)?.turn_id ?? null;
    this.draw();
    this.scroller.scrollTop = this.scroller.scrollHeight;
    const last = turns.at(-1);
    if (last?.role === "user") this.#run({ run: last.run_id }, last, this.#viewOf(last.turn_id));
  }

  /** Take up what a reload interrupted before the server had told the conversation's name. */
  resumePending() {
    const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
    if (!pending || this.live || (pending.message.session_id ?? null) !== this.session) return false;
    this.#begin(pending.message, pending.key);
    return true;
  }

  /** Ask; parent: the turn that it follows, left out the last one shown. */
  ask(text, { parent = this.tip, effort = this.acts.effort() } = {}) {
    if (this.live) return;
    const message = { message: text, effort, filters: this.acts.filters(), parent_turn_id: parent };
    if (this.session) message.session_id = this.session;
    const key = crypto.randomUUID();
    sessionStorage.setItem(PENDING, JSON.stringify({ message, key }));
    this.#begin(message, key);
  }

  nearEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  toEnd() {
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: "smooth" });
  }

  async stop() {
    const { live } = this;
    if (!live) return;
    live.stopping = true;
    if (live.answer.run) await call("POST", `/runs/${live.answer.run}/cancel`).catch(() => {});
  }

  #begin(message, key) {
    const question = { turn_id: null, role: "user", text: message.message, parent_turn_id: message.parent_turn_id };
    this.tip = message.parent_turn_id;
    this.draw();
    const view = this.#drawExchange(question);
    view.element.scrollIntoView({ block: "start" });
    this.#run({ message, key }, question, view);
  }

  async #run(source, question, view) {
    const live = { controller: new AbortController(), answer: emptyAnswer(), question, view, stopping: false };
    this.live = live;
    this.acts.running(true);
    view.answer.show(live.answer);
    try {
      await this.#follow(source, live, view);
    } catch (error) {
      if (!(error instanceof Problem || error instanceof TypeError)) throw error;
      await this.#failed(error, live);
    }
    if (this.live === live) this.#ended(live);
  }

  async #follow(source, live, view) {
    const onBreak = (broken) => {
      live.answer = { ...live.answer, reconnecting: broken };
      this.#paint(live, view);
    };
    for await (const event of events(source, live.controller.signal, onBreak)) {
      live.answer = after(live.answer, event);
      if (event.type === "run.started") this.#accepted(live);
      if (event.type === "stage.changed") speak(`${STAGE_NAMES[event.stage]} …`);
      this.#paint(live, view);
    }
    if (live.answer.status === "running" && !live.controller.signal.aborted) await this.#settleFromRun(live, source.run);
  }

  #accepted(live) {
    sessionStorage.removeItem(PENDING);
    live.question.turn_id = live.answer.questionTurn;
    if (this.session !== live.answer.session) {
      this.session = live.answer.session;
      this.acts.started(this.session);
    }
    if (live.stopping) this.stop();
  }

  /** Draw at most once a frame, and keep the end in sight for who was reading there. */
  #paint(live, view) {
    if (live.painting) return;
    live.painting = true;
    requestAnimationFrame(() => {
      live.painting = false;
      const following = this.nearEnd();
      if (this.live === live) view.answer.show(live.answer);
      if (following) this.scroller.scrollTop = this.scroller.scrollHeight;
    });
  }

  /** The events are gone, or none followed: the run's record has what became of it. */
  async #settleFromRun(live, run) {
    const { result, status } = await call("GET", `/runs/${run ?? live.answer.run}`);
    if (!result) return;
    live.answer = {
      ...live.answer, status, run: result.run_id, session: result.session_id, questionTurn: result.turn_id,
      answerTurn: result.answer_turn_id, text: result.answer, short: result.short_answer, abstained: result.abstained,
      confidence: result.confidence, claims: result.claims, suggestions: result.suggestions, usedTokens: result.used_tokens,
      cached: result.cached ?? false,
      error: result.code ? { code: result.code, message: result.message } : null,
    };
  }

  async #failed(error, live) {
    if (error.code === "events_expired") return this.#settleFromRun(live, live.question.run_id);
    sessionStorage.removeItem(PENDING);
    const message = error instanceof Problem ? told(error) : "The server cannot be reached.";
    live.answer = { ...live.answer, status: "failed", error: { code: error.code ?? "offline", message } };
    if (!live.answer.run) this.acts.restore(live.question.text);
    return undefined;
  }

  #ended(live) {
    this.live = null;
    this.acts.running(false);
    const { answer, question } = live;
    if (answer.answerTurn) {
      this.turns = this.turns.filter((turn) => turn.turn_id !== question.turn_id);
      this.turns.push({ ...question, run_id: answer.run }, { turn_id: answer.answerTurn, role: "assistant", parent_turn_id: question.turn_id, run_id: answer.run, answer });
      this.tip = answer.answerTurn;
      this.draw();
    } else live.view.answer.show(answer);
    speak(summary(answer));
    this.acts.ended();
  }

  /** Draw the path from the first question to the tip. */
  draw() {
    this.views = new Map();
    fill(this.list);
    const known = new Map(this.turns.map((turn) => [turn.turn_id, turn]));
    const path = [];
    for (let turn = known.get(this.tip); turn; turn = known.get(turn.parent_turn_id)) path.unshift(turn);
    for (const turn of path) {
      if (turn.role === "user") this.#drawExchange(turn);
      else this.#drawAnswer(turn);
    }
  }

  #drawAnswer(turn) {
    turn.answer ??= ofTurn(turn);
    const view = this.#viewOf(turn.parent_turn_id);
    view?.answer.show(turn.answer);
    // The history keeps no queries; where they are the result, the run's events still have them for a day.
    if (view && needsEvents(turn)) this.#enrich(turn, view);
  }

  async #enrich(turn, view) {
    turn.enriched = true;
    let answer = { ...emptyAnswer(), rating: turn.answer.rating };
    try {
      for await (const event of events({ run: turn.run_id }, AbortSignal.timeout(10_000), () => {})) answer = after(answer, event);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
    if (answer.status === "running") return;
    turn.answer = answer;
    if (view.element.isConnected) view.answer.show(answer);
  }

  #viewOf(turnId) {
    return this.views.get(turnId);
  }

  #drawExchange(question) {
    const answer = new AnswerView({
      cite: this.acts.cite,
      addDocuments: this.acts.addDocuments,
      ask: (text) => this.ask(text),
      retry: (effort) => this.ask(question.text, { parent: question.parent_turn_id, ...(effort ? { effort } : {}) }),
      rate: (rating) => this.#rate(question, rating),
    });
    const head = h("div", { class: "question" });
    const element = h("li", { class: "exchange" }, head, answer.element);
    this.#drawQuestion(head, question);
    this.list.append(element);
    const view = { element, answer };
    this.views.set(question.turn_id, view);
    return view;
  }

  #drawQuestion(head, question) {
    fill(head,
      foreign("h2", question.text, { tabindex: "-1" }),
      h("div", { class: "question-acts" }, this.#siblings(question), iconButton("pencil", "Edit and ask anew", () => this.#edit(head, question))));
  }

  /** Arrows between the attempts at one question. */
  #siblings(question) {
    const attempts = this.turns.filter((turn) => turn.role === "user" && turn.parent_turn_id === question.parent_turn_id);
    if (!attempts.some((turn) => turn.turn_id === question.turn_id)) attempts.push(question);
    if (attempts.length < 2) return null;
    const place = attempts.findIndex((turn) => turn.turn_id === question.turn_id);
    const go = (step) => () => this.#select(attempts[place + step]);
    return h("span", { class: "attempts" },
      iconButton("left", "The attempt before", go(-1), { disabled: place === 0 || Boolean(this.live) }),
      h("span", {}, `${place + 1} / ${attempts.length}`),
      iconButton("right", "The next attempt", go(1), { disabled: place === attempts.length - 1 || Boolean(this.live) }));
  }

  /** Show the newest end of the branch that begins with a turn. */
  #select(turn) {
    let tip = turn;
    for (let next = turn; next; next = this.turns.findLast((one) => one.parent_turn_id === tip.turn_id)) tip = next;
    this.tip = tip.turn_id;
    this.draw();
    this.#viewOf(turn.turn_id)?.element.querySelector("h2").focus();
  }

  /** Edit the last question of what is shown; false where there is none. */
  editLast() {
    const button = [...this.list.querySelectorAll('[aria-label="Edit and ask anew"]')].at(-1);
    button?.click();
    return Boolean(button) && !this.live;
  }

  #edit(head, question) {
    if (this.live) return;
    const field = foreign("textarea", question.text, { "aria-label": "Edit the question", rows: "2", class: "edit", maxlength: "20000" });
    const cancel = () => {
      this.#drawQuestion(head, question);
      head.querySelector(".icon-button:last-child").focus();
    };
    const submit = () => field.value.trim() && this.ask(field.value.trim(), { parent: question.parent_turn_id });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") cancel();
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        submit();
      }
    });
    fill(head, field, h("div", { class: "row" },
      h("button", { type: "button", class: "primary", onclick: submit }, "Ask anew"),
      h("button", { type: "button", class: "quiet", onclick: cancel }, "Cancel")));
    field.focus();
  }

  async #rate(question, rating) {
    const turn = this.turns.find((one) => one.role === "assistant" && one.parent_turn_id === question.turn_id);
    await call("POST", "/chat/feedback", { json: { session_id: this.session, turn_id: turn.turn_id, rating } });
    turn.answer = { ...turn.answer, rating };
    const view = this.#viewOf(question.turn_id);
    view.answer.show(turn.answer);
    view.element.querySelector('[aria-pressed="true"]')?.focus();
    speak("Thank you, the rating is kept.");
  }
}

function needsEvents(turn) {
  return !turn.enriched && turn.role === "assistant" && !turn.answer.queries.length && (turn.answer.abstained || turn.answer.status === "failed");
}

function told({ code, message, body }) {
  return code === "quota_exceeded" && body.resets_at ? `${message}. There will be more on ${day(body.resets_at)}.` : message;
}

function summary(answer) {
  if (answer.status === "cancelled") return "Stopped.";
  if (answer.status === "failed") return `It failed: ${answer.error?.message ?? ""}`;
  return `Answer: ${answer.text.slice(0, 600)}`;
}
