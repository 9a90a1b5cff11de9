// Makes DOM nodes. Text becomes text nodes; nothing in the page ever parses markup.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element: attributes by name, handlers as `onclick`, children as nodes or text; null children are left out. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) put(node, name, value);
  node.append(...children.flat(Infinity).filter(present).map(asNode));
  return node;
}

/** Words that people or documents wrote: their direction is their own and does not leak into the page's. */
export function foreign(tag, text, props = {}) {
  return h(tag, { dir: "auto", ...props, class: `foreign ${props.class ?? ""}`.trim() }, text);
}

/** Replace what a node holds. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(present).map(asNode));
  return node;
}

/** One of the page's own line drawings. */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", "aria-hidden": "true", class: "icon" })) {
    drawing.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  drawing.append(path);
  return drawing;
}

/** A button that shows a drawing; its label is read aloud and shown as a tooltip. */
export function iconButton(name, label, onclick, props = {}) {
  return h("button", { type: "button", class: "icon-button", title: label, "aria-label": label, onclick, ...props }, icon(name));
}

function put(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else node.setAttribute(name, value === true ? "" : String(value));
}

function present(child) {
  return child !== null && child !== undefined && child !== false;
}

function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

const PATHS = {
  plus: "M10 4v12M4 10h12",
  send: "M10 16V4.5M5 9.5l5-5 5 5",
  stop: "M6 6h8v8H6z",
  search: "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4",
  close: "M5 5l10 10M15 5L5 15",
  menu: "M3.5 6h13M3.5 10h13M3.5 14h13",
  pencil: "M4 16l.8-3.4L13.4 4a1.4 1.4 0 0 1 2 0l.6.6a1.4 1.4 0 0 1 0 2L7.4 15.2z",
  trash: "M4.5 6h11M8 6V4h4v2M6 6l.7 10h6.6L14 6M8.5 9v4M11.5 9v4",
  again: "M15.5 10a5.5 5.5 0 1 1-1.7-4M15.5 3.5V7H12",
  up: "M6.5 9v7H4V9zM6.5 9l3-5.5c1.3 0 2 .8 1.8 2.2L11 8h4c1 0 1.6.9 1.3 1.9l-1.5 5c-.2.7-.7 1.1-1.4 1.1H6.5",
  down: "M6.5 11V4H4v7zM6.5 11l3 5.5c1.3 0 2-.8 1.8-2.2L11 12h4c1 0 1.6-.9 1.3-1.9l-1.5-5c-.2-.7-.7-1.1-1.4-1.1H6.5",
  copy: "M7.5 7.5v-3h8v8h-3M4.5 7.5h8v8h-8z",
  files: "M6 3.5h5l3.5 3.5v9.5H6zM11 3.5V7h3.5",
  upload: "M10 13V4M6 7.5L10 3.5l4 4M4 13v3h12v-3",
  sun: "M10 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM10 2.5v1.5M10 16v1.5M2.5 10H4M16 10h1.5M4.7 4.7l1 1M14.3 14.3l1 1M4.7 15.3l1-1M14.3 5.7l1-1",
  moon: "M15.5 11.8A6 6 0 0 1 8.2 4.5a6 6 0 1 0 7.3 7.3z",
  left: "M12 5l-5 5 5 5",
  right: "M8 5l5 5-5 5",
  below: "M10 4v12M5 11l5 5 5-5",
  save: "M10 3.5v9M6 9l4 4 4-4M4 16.5h12",
  keys: "M3 5.5h14v9H3zM6 8.5h.01M9 8.5h.01M12 8.5h.01M14.5 8.5h.01M6.5 11.5h7",
  check: "M4.5 10.5l3.5 3.5 7.5-8",
  key: "M8 12a3 3 0 1 0-1.5-.4M10.1 11.2L16 5.5M13 8.5l2 2",
};
