"use strict";
// What pages do by themselves: they ask anew for what has changed, and everything else works without this file.
(() => {
  const body = document.body;
  let stream = null;

  // htmx forgets what a part is told while its answer is on the way, for that answer replaces the part: it is asked once
  // more then.
  const again = new Set();
  const ask = (part) => {
    if (part.classList.contains("htmx-request")) again.add(part.id);
    else htmx.trigger(part, "live");
  };
  body.addEventListener("htmx:afterSettle", () => {
    const parts = [...again].map((id) => document.getElementById(id));
    again.clear();
    for (const part of parts) if (part) ask(part);
  });

  // Something changes all the time in a part that shows everything: behind each answer it is left in peace for a while.
  const PEACE = 3000;
  const missed = new Map();
  const askSeldom = (id) => {
    const part = document.getElementById(id);
    if (missed.has(id)) missed.set(id, true);
    else if (part) {
      ask(part);
      missed.set(id, false);
      setTimeout(() => {
        const anew = missed.get(id);
        missed.delete(id);
        if (anew) askSeldom(id);
      }, PEACE);
    }
  };

  const refresh = (names) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const own = part.dataset.live.split(" ");
      if (names !== null && own.includes("*")) askSeldom(part.id);
      else if (names === null || names.includes("*") || own.some((name) => names.includes(name))) ask(part);
    }
  };
  const listen = () => {
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else if (stream === null && document.querySelector("[data-live]")) {
      stream = new EventSource(body.dataset.events);
      stream.onopen = () => refresh(null); // what changed before, or while it was broken off
      stream.onmessage = (event) => refresh(JSON.parse(event.data));
    }
  };
  document.addEventListener("visibilitychange", () => {
    listen();
    if (!document.hidden) refresh(null); // what changed while nobody looked
  });
  listen();

  // A part in which somebody is writing is not asked for anew. What somebody has opened, and where the keyboard is,
  // outlives it that one is.
  const named = (each) => `${each.tagName} ${each.id || each.name || each.href} ${each.value ?? ""} ${each.textContent}`;
  const opened = new Set();
  let focused = null;
  document.addEventListener("toggle", ({ target }) => opened[target.open ? "add" : "delete"](target.id), true);
  const written = "input:not([type=hidden], [type=radio], [type=checkbox]), textarea";
  body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const fields = [...detail.target.querySelectorAll(written)];
    if (fields.some((each) => each.value !== each.defaultValue)) detail.shouldSwap = false;
    if (document.activeElement !== body) focused = named(document.activeElement);
  });
  body.addEventListener("htmx:afterSettle", () => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    if (document.activeElement === body && focused !== null) {
      const parts = document.querySelectorAll("a, button, input, select, summary");
      [...parts].find((each) => named(each) === focused)?.focus();
    }
    focused = null;
  });

  const toast = document.getElementById("toast");
  const fail = () => {
    toast.textContent = body.dataset.failed;
    toast.hidden = false;
    setTimeout(() => (toast.hidden = true), 8000);
  };
  body.addEventListener("htmx:responseError", fail);
  body.addEventListener("htmx:sendError", fail);

  for (const part of document.querySelectorAll("[data-timezone]")) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) document.getElementById(part.dataset.timezone).value = zone;
  }

  document.addEventListener("change", (event) => {
    const all = event.target.dataset.all;
    if (all) for (const each of event.target.form.querySelectorAll(`[name="${all}"]`)) each.checked = event.target.checked;
    event.target.closest("form[data-at-once]")?.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
    else document.execCommand("copy"); // without TLS there is no clipboard
    button.querySelector("span").textContent = button.dataset.done;
  });
})();
