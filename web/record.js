// A sentence that is a record's fields, "name: value; name: value", reads better as a small table.

import { foreign, h } from "./dom.js";

const FIELD = /^([^:;]{1,40}): (.*)$/s;
const FEWEST = 3;

/** Return the fields as a list of terms, null if the text is something else. */
export function record(text) {
  const fields = text.split(/; (?=[^:;]{1,40}: )/).map((part) => FIELD.exec(part));
  if (fields.length < FEWEST || fields.includes(null)) return null;
  return h("dl", { class: "record" }, fields.map(([, name, value]) =>
    h("div", {}, foreign("dt", name), foreign("dd", value))));
}
