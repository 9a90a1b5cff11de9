// Where a question is written; what the answer may cost.

import { fill, h, icon, iconButton } from "./dom.js";
import { number } from "./format.js";

const EFFORT = "multidb.effort";
const DRAFT = "multidb.draft";
const EFFORTS = [["quick", "Quick"], ["standard", "Standard"], ["deep", "Deep"]];

/** acts: {ask(text), stop(), choose(), take(files), editLast(), scope: a control beside the effort} */
export class Composer {
  constructor(acts) {
    this.acts = acts;
    this.running = false;
    this.field = h("textarea", { rows: "1", dir: "auto", placeholder: "Ask your documents", "aria-label": "Your question", maxlength: "20000" });
    this.button = h("button", { type: "button", class: "send" });
    this.efforts = h("fieldset", { class: "efforts" });
    this.quota = h("p", { class: "quota" });
    this.element = h("div", { class: "composer" },
      h("div", { class: "composer-box" }, this.field,
        h("div", { class: "composer-foot" }, iconButton("upload", "Add files", () => acts.choose()), this.efforts, acts.scope, this.quota, this.button)));
    this.field.value = sessionStorage.getItem(DRAFT) ?? "";
    this.field.addEventListener("input", () => this.#fit());
    this.field.addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      acts.take([...event.clipboardData.files]);
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowUp" && !this.field.value && acts.editLast()) event.preventDefault();
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.button.addEventListener("click", () => (this.running ? acts.stop() : this.#submit()));
    this.setRunning(false);
  }

  effort() {
    return localStorage.getItem(EFFORT) ?? "standard";
  }

  /** me: the answer of GET /me. */
  showAccount(me) {
    const chosen = this.effort();
    const left = me.remaining_tokens;
    const dear = (name) => left !== null && left < me.prices[name];
    fill(this.efforts, h("legend", { class: "unseen" }, "Effort"), EFFORTS.map(([name, label]) =>
      h("label", { class: dear(name) ? "dear" : null, title: `At most ${number(me.prices[name])} tokens${dear(name) ? ", more than is left" : ""}` },
        h("input", { type: "radio", name: "effort", value: name, checked: name === chosen, onchange: () => localStorage.setItem(EFFORT, name) }),
        h("span", {}, label))));
    this.quota.textContent = left === null ? "" : `${number(left)} tokens left`;
    this.quota.classList.toggle("low", dear(chosen));
  }

  setRunning(running) {
    this.running = running;
    this.button.setAttribute("aria-label", running ? "Stop" : "Ask");
    this.button.title = running ? "Stop" : "Ask (Enter)";
    this.button.classList.toggle("stopping", running);
    fill(this.button, icon(running ? "stop" : "send"));
  }

  /** Give back what could not be asked. */
  restore(text) {
    if (this.field.value) return;
    this.field.value = text;
    this.#fit();
  }

  focus() {
    this.field.focus();
  }

  #submit() {
    const text = this.field.value.trim();
    if (!text || this.running) return;
    this.field.value = "";
    this.#fit();
    this.acts.ask(text);
  }

  /** Grow with what is written; where the style sheet can do it by itself, nothing is left to do. */
  #fit() {
    sessionStorage.setItem(DRAFT, this.field.value); // a reload shall not lose what was being written
    if (CSS.supports("field-sizing", "content")) return;
    this.field.rows = Math.min(10, this.field.value.split("\n").length);
  }
}
