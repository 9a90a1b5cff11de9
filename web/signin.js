// Asks for a token where the server wants one.

import { keepToken } from "./client.js";
import { fill, h } from "./dom.js";

/** Show the form; resolve when a token was given. It stays in this tab only. */
export function signIn(element, refusal) {
  return new Promise((resolve) => {
    const field = h("input", { type: "password", autocomplete: "off", "aria-label": "Token", required: true });
    const submit = (event) => {
      event.preventDefault();
      keepToken(field.value.trim());
      document.documentElement.classList.remove("signed-out");
      resolve();
    };
    document.documentElement.classList.add("signed-out");
    fill(element, h("form", { class: "signin", onsubmit: submit },
      h("h1", {}, "This server wants a token"),
      h("p", { class: "lede" }, "Whoever runs it makes one with ", h("code", {}, "multidb token"), "."),
      refusal ? h("p", { class: "notice bad" }, refusal) : null,
      field, h("button", { type: "submit", class: "primary" }, "Sign in")));
    field.focus();
  });
}
