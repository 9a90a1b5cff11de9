// Which collection is asked, and which one new files join.

import { all } from "./client.js";
import { fill, h } from "./dom.js";

const CHOSEN = "multidb.collection";
const MOST_DOCUMENTS = 1000; // looked through for names of collections

export class Collections {
  constructor() {
    this.names = [];
    this.select = h("select", { class: "collection", "aria-label": "Collection to ask", hidden: true });
    this.select.addEventListener("change", () => sessionStorage.setItem(CHOSEN, this.select.value));
    this.hints = h("datalist", { id: "collection-names" });
    this.field = h("input", { type: "text", id: "collection-field", list: "collection-names", maxlength: "100", placeholder: "default", autocomplete: "off" });
    this.target = h("div", { class: "collection-target" }, h("label", { for: "collection-field" }, "New files join the collection"), this.field, this.hints);
  }

  /** Look which ones there are; with one alone there is nothing to choose. */
  async load() {
    const documents = await all("/documents", "documents", MOST_DOCUMENTS);
    this.names = [...new Set(documents.map((one) => one.collection))].sort();
    const chosen = sessionStorage.getItem(CHOSEN);
    fill(this.select, h("option", { value: "" }, "All documents"),
      this.names.map((name) => h("option", { value: name, selected: name === chosen }, name)));
    this.select.hidden = this.names.length < 2;
    fill(this.hints, this.names.map((name) => h("option", { value: name })));
  }

  /** The filters of a question. */
  filters() {
    return this.select.hidden || !this.select.value ? {} : { collection: this.select.value };
  }

  /** Where uploads go. */
  forUploads() {
    return this.field.value.trim() || "default";
  }
}
