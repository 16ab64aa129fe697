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
  // Where nothing can be told for some seconds, the page says of when it is.
  const lost = document.getElementById("lost");
  let since = null;
  const found = () => {
    since = null;
    lost.hidden = true;
  };
  const miss = () => {
    since ??= new Date();
    setTimeout(() => {
      if (since === null || stream?.readyState === EventSource.OPEN) return found();
      const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      const time = since.toLocaleTimeString(document.documentElement.lang, form);
      lost.hidden = false;
      lost.textContent = lost.dataset.text.replace("{}", time);
    }, 5000);
  };
  const fall = () => {
    miss();
    if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
    stream = null;
    refresh(null); // whose session has ended is sent to the sign-in by that
    setTimeout(listen, 10000);
  };
  const listen = () => {
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else if (stream === null && document.querySelector("[data-live]")) {
      stream = new EventSource(body.dataset.events);
      stream.onopen = () => {
        found();
        refresh(null); // what changed before, or while it was broken off
      };
      stream.onerror = fall;
      stream.onmessage = (event) => refresh(JSON.parse(event.data));
    }
  };
  // A page that sends a form is about to be replaced. What it asked for now might be answered behind that: to somebody
  // who has just signed out. Where no page comes, as with a download, it listens again.
  const leave = () => {
    stream?.close();
    stream = null;
    setTimeout(listen, 10000);
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
  const written = "input:not([type=hidden], [type=radio], [type=checkbox]), textarea";
  body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const fields = [...detail.target.querySelectorAll(written)];
    if (fields.some((each) => each.value !== each.defaultValue)) detail.shouldSwap = false;
    for (const each of detail.target.querySelectorAll("details")) opened[each.open ? "add" : "delete"](each.id);
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
  body.addEventListener("htmx:afterRequest", ({ detail }) => {
    const status = detail.xhr.status;
    if (detail.successful) found();
    else if (status === 0 || status > 501) miss(); // nobody has answered, or a proxy
    else if (status !== 401) fail();
  });

  // How long ago something was is told by the server, and grows here. The browser's own clock may be wrong.
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang);
  const units = { year: 31536000, month: 2592000, week: 604800, day: 86400, hour: 3600, minute: 60, second: 1 };
  const read = new WeakMap();
  const age = () => {
    for (const each of document.querySelectorAll("[data-ago]")) {
      if (!read.has(each)) read.set(each, Date.now());
      const told = Number(each.dataset.ago);
      const sign = told > 0 ? 1 : -1;
      const seconds = Math.max(1, sign * (told - (Date.now() - read.get(each)) / 1000));
      const [unit, size] = Object.entries(units).find(([, size]) => seconds >= 0.85 * size);
      const text = relative.format(sign * Math.round(seconds / size), unit);
      if (each.textContent !== text) each.textContent = text;
    }
  };
  body.addEventListener("htmx:afterSettle", age);
  setInterval(age, 10000);
  age();

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
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !window.confirm(question)) return event.preventDefault();
    if (!event.defaultPrevented) leave();
    const text = event.submitter?.querySelector("span");
    if (!text) return;
    const before = text.textContent;
    const wait = setTimeout(() => (text.textContent = body.dataset.wait), 700); // by then most are answered
    window.addEventListener("pagehide", () => {
      clearTimeout(wait);
      text.textContent = before; // for who comes back to this page
    });
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
