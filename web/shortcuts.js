// What the keyboard does, and the sheet that says so.

import { fill, h, iconButton } from "./dom.js";

const MAC = /Mac|iP(hone|ad)/.test(navigator.platform);
const MOD = MAC ? "⌘" : "Ctrl";
const FIELDS = "input:not([type=radio]), select";
const KEYS = [
  ["/", "Write a question"],
  ["Enter", "Ask"],
  ["Shift Enter", "A new line in the question"],
  ["↑", "Edit the last question, from an empty field"],
  ["Esc", "Stop the answer, close the source or the list"],
  [`${MOD} K`, "Search conversations"],
  [`${MOD} Shift O`, "New conversation"],
  ["← →", "The source before and the next one, in an open source"],
  ["?", "This list"],
];

/** acts: {write(), search(), begin(), leave(mayStop)} */
export class Shortcuts {
  constructor(acts) {
    this.acts = acts;
    this.sheet = h("dialog", { class: "sheet", "aria-labelledby": "sheet-title" });
    fill(this.sheet,
      h("header", {}, h("h2", { id: "sheet-title" }, "Keyboard"), iconButton("close", "Close", () => this.sheet.close())),
      h("dl", {}, KEYS.map(([keys, does]) => h("div", {},
        h("dt", {}, keys.split(" ").map((key) => h("kbd", {}, key))), h("dd", {}, does)))));
    // A click beside the sheet hits the dialog itself.
    this.sheet.addEventListener("click", (event) => event.target === this.sheet && this.sheet.close());
    document.body.append(this.sheet);
    addEventListener("keydown", (event) => this.#press(event));
  }

  show() {
    if (!this.sheet.open) this.sheet.showModal();
  }

  #press(event) {
    if (event.defaultPrevented || event.isComposing || this.sheet.open) return;
    const act = this.#meant(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #meant(event) {
    const { key } = event;
    if (event.ctrlKey || event.metaKey) {
      if (event.altKey) return null;
      if (key.toLowerCase() === "k" && !event.shiftKey) return this.acts.search;
      return key.toLowerCase() === "o" && event.shiftKey ? this.acts.begin : null;
    }
    // Whoever leaves a field with Escape does not mean the answer that is being written.
    if (key === "Escape") return () => this.acts.leave(!event.target.matches(`${FIELDS}, .edit`));
    if (event.target.matches(`${FIELDS}, textarea`)) return null;
    if (key === "/") return this.acts.write;
    return key === "?" ? () => this.show() : null;
  }
}
