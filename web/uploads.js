// Files on their way in: dropped anywhere or chosen; progress and result of each.

import { Problem, upload } from "./client.js";
import { fill, foreign, h, icon, iconButton } from "./dom.js";
import { bytes } from "./format.js";
import { speak } from "./speak.js";

const AT_ONCE = 2;

/** acts: {kept(), collection()} */
export class Uploads {
  constructor(element, acts) {
    this.element = element;
    this.acts = acts;
    this.queue = [];
    this.active = 0;
    this.list = h("ul", { class: "upload-list" });
    this.picker = h("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true" });
    this.picker.addEventListener("change", () => {
      this.add([...this.picker.files]);
      this.picker.value = "";
    });
    fill(element, h("header", {}, h("h2", {}, "Files"), iconButton("close", "Close the list of uploads", () => this.#close())), this.list);
    document.body.append(this.picker);
  }

  choose() {
    this.picker.click();
  }

  add(files) {
    if (!files.length) return;
    this.element.hidden = false;
    for (const file of files) {
      const row = h("li", { class: "upload", "data-state": "waiting" });
      this.list.prepend(row);
      draw(row, file, "waiting", h("span", { class: "upload-told" }, "waits"));
      this.queue.push({ file, row });
    }
    this.#pump();
  }

  /** Take files that are dropped anywhere on the page. */
  acceptDrops(cover) {
    let depth = 0;
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    const leave = () => {
      depth = 0;
      cover.hidden = true;
    };
    fill(cover, h("p", {}, icon("upload"), "Drop the files to add them to your documents"));
    addEventListener("dragenter", (event) => {
      if (!carriesFiles(event)) return;
      depth += 1;
      cover.hidden = false;
    });
    addEventListener("dragleave", (event) => carriesFiles(event) && (depth -= 1) <= 0 && leave());
    addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
    addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      leave();
      this.add([...event.dataTransfer.files]);
    });
  }

  #pump() {
    while (this.active < AT_ONCE && this.queue.length) {
      this.active += 1;
      this.#send(this.queue.shift()).finally(() => {
        this.active -= 1;
        this.#pump();
      });
    }
  }

  async #send({ file, row }) {
    const bar = h("progress", { max: "1", value: "0", "aria-label": `Uploading ${file.name}` });
    const told = h("span", { class: "upload-told" }, bytes(file.size));
    draw(row, file, "sending", told, bar);
    const sent = (part) => {
      bar.value = part;
      if (part < 1) return;
      bar.removeAttribute("value");
      told.textContent = "being read …";
    };
    const reading = ({ page, pages }) => {
      if (pages < 2) return;
      bar.value = page / pages;
      told.textContent = `page ${page} of ${pages}`;
    };
    try {
      this.#arrived(row, file, await upload(file, this.acts.collection(), { sent, reading }));
    } catch (error) {
      this.#refused(row, file, error);
    }
  }

  #arrived(row, file, { status, document_ids: ids }) {
    const told = status === "unchanged" ? "was here already" : ids.length > 1 ? `kept as ${ids.length} documents` : "kept";
    draw(row, file, status, h("span", { class: "upload-told" }, icon("check"), told));
    speak(`${file.name}: ${told}`);
    this.acts.kept();
  }

  #refused(row, file, error) {
    const reason = error instanceof Problem || error instanceof TypeError ? error.message : "It did not arrive.";
    draw(row, file, "refused", foreign("span", reason, { class: "upload-told" }),
      error.code === "document_refused" ? null : h("button", { type: "button", class: "quiet", onclick: () => {
        row.remove();
        this.add([file]);
      } }, "Try again"));
    speak(`${file.name} was refused: ${reason}`);
  }

  #close() {
    this.element.hidden = true;
    for (const row of this.list.querySelectorAll('[data-state="kept"], [data-state="unchanged"], [data-state="refused"]')) row.remove();
    document.getElementById("main").focus();
  }
}

function draw(row, file, state, ...told) {
  row.dataset.state = state;
  fill(row, foreign("span", file.name, { class: "upload-name" }), ...told);
}
