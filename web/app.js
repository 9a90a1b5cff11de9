// Puts the page together: which part is shown, and what happens between the parts.

import { call, Problem } from "./client.js";
import { Collections } from "./collections.js";
import { Composer } from "./composer.js";
import { Documents } from "./documents.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { day } from "./format.js";
import { History } from "./history.js";
import { Shortcuts } from "./shortcuts.js";
import { signIn } from "./signin.js";
import { SourcePanel } from "./sources.js";
import { speak } from "./speak.js";
import { Thread } from "./thread.js";
import { Uploads } from "./uploads.js";
import { quotaLine, welcome } from "./welcome.js";

const at = (id) => document.getElementById(id);
const root = document.documentElement;
const narrow = matchMedia("(max-width: 820px)");
let me = null;

const hello = h("section", { class: "welcome" });
const scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Conversation" });
const trouble = h("p", { class: "notice bad trouble", role: "alert", hidden: true });
const quota = h("p", { class: "quota-line" });

const source = new SourcePanel(at("source"), (open) => {
  root.classList.toggle("with-source", open);
  cover();
});
const collections = new Collections();
const uploads = new Uploads(at("uploads"), { kept: () => guarded(showDocuments), collection: () => collections.forUploads() });
const documents = new Documents({
  choose: () => uploads.choose(),
  target: collections.target,
  show: (item, opener) => source.openDocument(item, opener),
  mayEdit: () => me?.roles.includes("editor") ?? false,
});
const history = new History({
  open: (session) => go(`#/c/${session}`),
  gone: (session) => session === thread.session && go("#/"),
  listed: () => showTitle(),
});
const composer = new Composer({
  ask: (text) => ask(text),
  stop: () => guarded(() => thread.stop()),
  choose: () => uploads.choose(),
  take: (files) => uploads.add(files),
  editLast: () => thread.editLast(),
  scope: collections.select,
});
const shortcuts = new Shortcuts({
  write: () => composer.focus(),
  search: searchHistory,
  begin: newConversation,
  leave: leaveOrStop,
});
const toEnd = iconButton("below", "Go to the end", () => thread.toEnd(), { class: "icon-button to-end", hidden: true });
const thread = new Thread(scroller, {
  cite: (citation, answer, opener) => source.open(citation, answer, opener),
  addDocuments: () => uploads.choose(),
  effort: () => composer.effort(),
  filters: () => collections.filters(),
  running: (running) => {
    composer.setRunning(running);
    showTitle();
  },
  restore: (text) => composer.restore(text),
  started: (session) => {
    window.history.replaceState(null, "", `#/c/${session}`);
    history.current = session;
    guarded(() => history.load());
  },
  ended: () => guarded(() => Promise.all([history.load(), showAccount()])),
});

function ask(text) {
  hello.hidden = true;
  thread.ask(text);
}

function go(hash) {
  if (location.hash === hash) route();
  else location.hash = hash;
}

/** Show what the address says; what is loading takes the focus from nobody. */
async function route() {
  closeRail();
  source.close();
  const [, page, session] = location.hash.split("/");
  const inDocuments = page === "documents";
  root.classList.toggle("in-documents", inDocuments);
  document.querySelector(".rail-documents").toggleAttribute("aria-current", inDocuments);
  history.select(page === "c" ? session : null);
  if (inDocuments) {
    fill(at("main"), trouble, documents.element);
    showTitle();
    documents.element.querySelector("h1").focus();
    await documents.load();
    return;
  }
  fill(at("main"), trouble, scroller, toEnd, composer.element);
  if (!narrow.matches) composer.focus();
  if (page === "c" && session) {
    hello.hidden = true;
    if (thread.session !== session) {
      await thread.open(session);
      thread.resumePending();
    }
  } else await showWelcome();
  showTitle();
}

/** The tab says which conversation it holds, and whether an answer is still being written. */
function showTitle() {
  const named = root.classList.contains("in-documents") ? "Documents" : history.title();
  document.title = `${composer.running ? "… " : ""}${[named, "MultiDB"].filter(Boolean).join(" · ")}`;
}

async function showWelcome() {
  thread.clear();
  hello.hidden = thread.resumePending();
  if (hello.hidden) return;
  await showDocuments();
}

async function showDocuments() {
  await collections.load();
  welcome(hello, collections.names, { ask, choose: () => uploads.choose() });
  if (documents.element.isConnected) await documents.load();
}

async function showAccount() {
  me = await call("GET", "/me");
  composer.showAccount(me);
  quota.textContent = quotaLine(me, day);
}

/** Run a step; whatever the server or the line refuse is said on the page, not lost. */
async function guarded(step) {
  try {
    await step();
    trouble.hidden = true;
  } catch (error) {
    if (!tell(error)) throw error;
  }
}

/** Say on the page what the server or the line refuse; false for anything else. */
function tell(error) {
  if (!(error instanceof Problem || error instanceof TypeError)) return false;
  trouble.hidden = false;
  trouble.textContent = error instanceof Problem ? error.message : "The server cannot be reached.";
  return true;
}

function newConversation() {
  go("#/");
  composer.focus();
}

function drawFrame() {
  fill(at("bar"),
    iconButton("menu", "Conversations", openRail, { class: "icon-button rail-toggle" }),
    h("span", { class: "brand" }, "MultiDB"),
    iconButton("plus", "New conversation", newConversation));
  fill(at("rail"),
    h("div", { class: "rail-head" }, h("span", { class: "brand" }, "MultiDB"),
      iconButton("keys", "Keyboard shortcuts", () => shortcuts.show(), { class: "icon-button to-keys" }),
      iconButton("moon", "Dark colours", switchTheme, { class: "icon-button to-dark" }),
      iconButton("sun", "Light colours", switchTheme, { class: "icon-button to-light" }),
      iconButton("close", "Close the list", closeRail, { class: "icon-button rail-close" })),
    h("button", { type: "button", class: "new", onclick: newConversation }, icon("plus"), "New conversation"),
    history.element,
    h("div", { class: "rail-foot" },
      h("a", { class: "rail-documents", href: "#/documents" }, icon("files"), "Documents"),
      quota));
  fill(scroller, hello, thread.list);
  at("veil").addEventListener("click", closeRail);
}

function switchTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("multidb.theme", root.dataset.theme);
  speak(`${root.dataset.theme} colours`);
  at("rail").querySelector(dark ? ".to-dark" : ".to-light").focus();
}

/** On a phone what lies on top is all there is: what it covers takes neither focus nor clicks. */
function cover() {
  const railed = narrow.matches && root.classList.contains("with-rail");
  const covered = railed || (narrow.matches && !at("source").hidden);
  for (const id of ["main", "bar"]) at(id).inert = covered;
  at("source").inert = railed;
}

function openRail() {
  root.classList.add("with-rail");
  cover();
  at("veil").hidden = false;
  at("rail").querySelector(".rail-close").focus();
}

function closeRail() {
  if (!root.classList.contains("with-rail")) return;
  root.classList.remove("with-rail");
  cover();
  at("veil").hidden = true;
  at("bar").querySelector(".rail-toggle").focus();
}

function searchHistory() {
  if (narrow.matches) openRail();
  history.search.focus();
}

/** Escape leaves what lies on top; with nothing open it stops the answer. */
function leaveOrStop(mayStop) {
  if (root.classList.contains("with-rail")) closeRail();
  else if (source.shown) source.close();
  else if (mayStop) guarded(() => thread.stop());
}

/** Offer the way down once the end is out of sight. */
function watchEnd() {
  const look = () => {
    toEnd.hidden = thread.nearEnd() || hello.isConnected && !hello.hidden;
  };
  scroller.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(thread.list);
}

async function start() {
  drawFrame();
  for (let refusal = ""; !me; ) {
    try {
      await showAccount();
    } catch (error) {
      if (error.code !== "unauthenticated") {
        fill(at("main"), trouble);
        return guarded(() => Promise.reject(error));
      }
      await signIn(at("main"), refusal);
      refusal = "This token is not valid here.";
    }
  }
  narrow.addEventListener("change", cover);
  addEventListener("hashchange", () => guarded(route));
  watchEnd();
  addEventListener("unhandledrejection", (event) => tell(event.reason) && event.preventDefault());
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address says what is shown, so it cannot hold a place on the page
    at("main").focus();
  });
  uploads.acceptDrops(at("drop"));
  return guarded(() => Promise.all([history.load(), collections.load(), route()]));
}

start();
