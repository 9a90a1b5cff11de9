// The page of documents: what the answers can come from; add, open, delete.

import { call, withQuery } from "./client.js";
import { fill, foreign, h, icon, iconButton } from "./dom.js";
import { count, day } from "./format.js";
import { speak } from "./speak.js";

const FILTER_PAUSE_MS = 180;

/** acts: {choose(), target: what new files join, show(document, opener), mayEdit()} */
export class Documents {
  constructor(acts) {
    this.acts = acts;
    this.items = [];
    this.next = null;
    this.filter = h("input", { type: "search", placeholder: "Filter by path, from its beginning", "aria-label": "Filter documents by the beginning of their path", maxlength: "1000" });
    this.table = h("div", { class: "documents-list" });
    this.filter.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.load(), FILTER_PAUSE_MS);
    });
    this.element = h("section", { class: "documents", "aria-labelledby": "documents-title" },
      h("h1", { id: "documents-title", tabindex: "-1" }, "Documents"),
      h("p", { class: "lede" }, "Answers come from these, and from nothing else."),
      h("button", { type: "button", class: "dropzone", onclick: () => acts.choose() }, icon("upload"),
        h("strong", {}, "Drop files anywhere, or choose them"),
        h("span", {}, "PDF, Word, PowerPoint, Excel, HTML, Markdown, CSV, JSON, mail, e-books, code, ZIP of these")),
      h("div", { class: "documents-tools" }, this.filter, acts.target), this.table);
  }

  async load(more = false) {
    const prefix = this.filter.value;
    const page = await call("GET", withQuery("/documents", { prefix, limit: 100, after: more ? this.next : null }));
    if (prefix !== this.filter.value) return;
    this.items = more ? [...this.items, ...page.documents] : page.documents;
    this.next = page.next;
    this.draw();
  }

  draw() {
    if (!this.items.length) {
      fill(this.table, h("p", { class: "hint" }, this.filter.value ? "No document's path begins so." : "There is no document yet."));
      return;
    }
    fill(this.table, h("ul", { class: "document-rows" }, this.items.map((item) => this.#row(item))),
      this.next ? h("button", { type: "button", class: "quiet", onclick: () => this.load(true) }, "More") : null);
  }

  #row(item) {
    const row = h("li", { class: "document" });
    fill(row,
      h("button", { type: "button", class: "document-open", onclick: (event) => this.acts.show(item, event.currentTarget) },
        foreign("span", item.title || item.source, { class: "document-title" }),
        foreign("span", item.source, { class: "path" })),
      h("span", { class: "document-kind" }, kind(item)),
      h("span", { class: "document-size" }, item.versions > 1
        ? h("button", { type: "button", class: "quiet", "aria-expanded": "false", onclick: (event) => this.#versions(row, item, event.currentTarget) }, count(item.versions, "version"))
        : count(item.passages, "passage")),
      h("span", { class: "document-day" }, day(item.updated_at)),
      this.acts.mayEdit() ? iconButton("trash", `Delete ${item.title || item.source}`, () => this.#confirm(row, item)) : null);
    return row;
  }

  /** Open or close the list of kept versions below a row. */
  async #versions(row, item, button) {
    const open = row.nextElementSibling;
    if (open?.classList.contains("document-versions")) {
      open.remove();
      button.setAttribute("aria-expanded", "false");
      return;
    }
    const { versions } = await call("GET", `/documents/${encodeURIComponent(item.document_id)}/versions`);
    button.setAttribute("aria-expanded", "true");
    row.after(h("li", { class: "document-versions" }, h("ul", { class: "document-rows", "aria-label": `Versions of ${item.title || item.source}` },
      versions.map((version) => this.#version(item, version)))));
  }

  #version(item, version) {
    const restore = h("button", { type: "button", class: "quiet", "aria-label": `Restore version ${version.number}`, onclick: () => this.#restore(item, version) }, "Restore");
    return h("li", { class: "document" },
      h("span", { class: "sure" }, `Version ${version.number}, ${day(version.updated_at)}, ${count(version.passages, "passage")}`),
      version.is_current ? h("span", { class: "hint" }, "Current") : this.acts.mayEdit() ? restore : null);
  }

  async #restore(item, version) {
    await call("POST", `/documents/${encodeURIComponent(item.document_id)}/rollback`, { json: { version_id: version.version_id } });
    await this.load();
    this.filter.focus();
    speak(`Version ${version.number} is current until the source changes.`);
  }

  #confirm(row, item) {
    const sure = h("button", { type: "button", class: "danger", onclick: () => this.#delete(item) }, "Delete");
    const keep = () => {
      row.replaceWith(this.#row(item));
    };
    fill(row, h("span", { class: "sure" }, "Delete ", foreign("strong", item.title || item.source), "? Answers can no longer come from it."),
      sure, h("button", { type: "button", class: "quiet", onclick: keep }, "Keep"));
    sure.focus();
  }

  async #delete(item) {
    await call("DELETE", `/documents/${encodeURIComponent(item.document_id)}`);
    this.items = this.items.filter((one) => one !== item);
    this.draw();
    this.filter.focus();
    speak("The document is deleted.");
  }
}

/** A short name of what a document was: "PDF", "CSV". */
function kind({ source, media_type: type }) {
  const ending = /\.([A-Za-z0-9]{1,5})$/.exec(source)?.[1];
  return (ending ?? type.split("/").pop()).toUpperCase().slice(0, 8);
}
