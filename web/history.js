// The list of conversations: search, open, rename, delete.

import { call, withQuery } from "./client.js";
import { fill, foreign, h, iconButton } from "./dom.js";
import { save } from "./export.js";
import { age } from "./format.js";
import { speak } from "./speak.js";

const SEARCH_PAUSE_MS = 180;

/** acts: {open(session), gone(session), listed()} */
export class History {
  constructor(acts) {
    this.acts = acts;
    this.current = null;
    this.items = [];
    this.next = null;
    this.search = h("input", { type: "search", placeholder: "Search conversations", "aria-label": "Search conversations", maxlength: "200" });
    this.list = h("div", { class: "sessions" });
    this.element = h("div", { class: "history" }, this.search, this.list);
    this.search.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.load(), SEARCH_PAUSE_MS);
    });
  }

  async load(more = false) {
    const query = this.search.value.trim();
    const page = await call("GET", withQuery("/chat/sessions", { q: query, limit: 60, after: more ? this.next : null }));
    if (query !== this.search.value.trim()) return;
    this.items = more ? [...this.items, ...page.sessions] : page.sessions;
    this.next = page.next;
    this.draw();
    this.acts.listed();
  }

  /** The title of the conversation that is shown, "" if the list does not hold it. */
  title() {
    return this.items.find((item) => item.session_id === this.current)?.title ?? "";
  }

  select(session) {
    this.current = session;
    this.draw();
  }

  draw() {
    const groups = Map.groupBy ? Map.groupBy(this.items, (item) => age(item.updated_at)) : new Map([["", this.items]]);
    fill(this.list,
      [...groups].map(([label, items]) => h("section", {}, label ? h("h2", { class: "label" }, label) : null,
        h("ul", {}, items.map((item) => this.#row(item))))),
      this.items.length ? null : h("p", { class: "hint" }, this.search.value ? "No conversation has these words." : "Your conversations will be kept here."),
      this.next ? h("button", { type: "button", class: "quiet", onclick: () => this.load(true) }, "Older ones") : null);
  }

  #row(item) {
    const current = item.session_id === this.current;
    const row = h("li", { class: current ? "session current" : "session" });
    fill(row,
      foreign("button", item.title || "Untitled", { type: "button", class: "session-open", "aria-current": current ? "page" : null, onclick: () => this.acts.open(item.session_id) }),
      h("span", { class: "session-acts" },
        iconButton("pencil", `Rename “${item.title}”`, () => this.#rename(row, item)),
        iconButton("save", `Save “${item.title}” as Markdown`, () => save(item)),
        iconButton("trash", `Delete “${item.title}”`, () => this.#confirm(row, item))));
    return row;
  }

  #rename(row, item) {
    const field = foreign("input", null, { type: "text", "aria-label": "New title", maxlength: "200", value: item.title });
    const leave = () => {
      this.draw();
      this.list.querySelector('[aria-current="page"]')?.focus();
    };
    const keep = async () => {
      const title = field.value.trim();
      if (title && title !== item.title) Object.assign(item, await call("PATCH", `/chat/sessions/${item.session_id}`, { json: { title } }));
      leave();
      this.acts.listed();
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") keep();
      if (event.key === "Escape") leave();
    });
    fill(row, field, iconButton("check", "Keep the title", keep));
    field.focus();
    field.select();
  }

  #confirm(row, item) {
    const sure = h("button", { type: "button", class: "danger", onclick: () => this.#delete(item) }, "Delete");
    fill(row, h("span", { class: "sure" }, "Forget it all?"), sure, h("button", { type: "button", class: "quiet", onclick: () => this.draw() }, "Keep"));
    sure.focus();
  }

  async #delete(item) {
    await call("DELETE", `/chat/sessions/${item.session_id}`);
    this.items = this.items.filter((one) => one !== item);
    this.draw();
    this.search.focus();
    speak("The conversation is deleted.");
    this.acts.gone(item.session_id);
  }
}
