// Filters a day and searches all of them. What is found goes into the page as text, never as markup.
(() => {
  "use strict";
  const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
  const LETTERS = 8; // of each word of an abstract, as the index has them
  const MOST = 100; // results shown at once
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("ς", "σ");
  const words = (text) =>
    [...fold(text).matchAll(/"([^"]+)"|([^\s"]+)/g)].map((found) => (found[1] ?? found[2]).trim()).filter(Boolean);
  const { locale, phrases } = /* PHRASES */; // filled in by the archive, from templates/words
  const forms = new Intl.PluralRules(locale);
  // A phrase with its values filled in; `count` chooses among plural forms.
  const say = (key, values = {}) => {
    const phrase = typeof phrases[key] === "string" ? phrases[key] : phrases[key][forms.select(values.count)] ?? phrases[key].other;
    return phrase.replace(/\{(\w+)\}/g, (_, name) => values[name].toLocaleString(locale));
  };

  const element = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);

  // What a link leads to goes to the clipboard; without one, or without a script, it is only a link.
  const offer = (link, label, read) => {
    if (!navigator.clipboard) return;
    link.textContent = label;
    link.setAttribute("role", "button");
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      try {
        await navigator.clipboard.writeText(await read());
        link.textContent = say("script_copied");
        setTimeout(() => { link.textContent = label; }, 2000);
      } catch {
        location.href = link.href;
      }
    });
  };
  const fetched = async (address) => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.status);
    return answer.text();
  };
  // One paper's entry of a day's BibTeX, where empty lines stand between entries.
  const entry = (text, id) => `${text.split("\n\n").find((one) => one.includes(`eprint = {${id}}`)).trim()}\n`;
  for (const link of document.querySelectorAll("a[data-copy]"))
    offer(link, say("script_copy", { what: link.textContent }), async () => entry(await fetched(link.href), link.dataset.copy));
  for (const link of document.querySelectorAll("a[data-copy-link]")) {
    const button = element("a", "", { href: link.href, className: "less" });
    link.after(" ", button);
    offer(button, say("script_copy_link"), async () => link.href);
  }

  const filter = document.getElementById("filter");
  if (filter) {
    const papers = [...document.querySelectorAll("article")].map((one) => [one, fold(one.textContent)]);
    const apply = () => {
      const wanted = words(filter.value);
      let left = 0;
      for (const [one, text] of papers) {
        one.hidden = !wanted.every((word) => text.includes(word));
        left += one.hidden ? 0 : 1;
      }
      for (const rank of document.querySelectorAll(".rank")) rank.hidden = !rank.querySelector("article:not([hidden])");
      document.getElementById("shown").textContent = wanted.length ? say("script_left", { left, count: papers.length }) : "";
    };
    filter.form.hidden = false;
    filter.form.addEventListener("submit", (event) => event.preventDefault());
    filter.addEventListener("input", apply);
    apply(); // a browser may have kept what was typed
  }

  const results = document.getElementById("results");
  if (!results) return;
  document.getElementById("without").remove();
  const query = document.getElementById("query");
  const found = document.getElementById("found");
  const names = (document.querySelector("main").dataset.shards || "").split(" ").filter(Boolean);
  const shards = [];
  let failed = 0;

  // A host may or may not have unpacked the file on the way.
  const unpacked = async (answer) => {
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return JSON.parse(new TextDecoder().decode(bytes));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  };

  const prepared = (raw) => {
    const texts = Object.entries(raw.lines);
    const columns = [raw.titles, raw.authors, ...texts.map(([, lines]) => lines)];
    const folded = columns.map((column) => fold(column.join("\n")).split("\n"));
    return { raw, texts, titles: folded[0], authors: folded[1], lines: folded.slice(2), words: `\n${raw.words}\n` };
  };

  const loadOne = async (name) => {
    try {
      const answer = await fetch(`search/${name}.idx`);
      if (!answer.ok) throw new Error(answer.status);
      shards.push(prepared(await unpacked(answer)));
    } catch {
      failed += 1;
    }
    show();
  };

  // The newest first and alone: its results stand there while the others come.
  const load = async () => {
    await loadOne(names[0]);
    await Promise.all(names.slice(1).map(loadOne));
  };

  const numbers = (steps) => {
    const list = [];
    let at = -1, value = 0, scale = 1;
    for (const letter of steps) {
      const digit = DIGITS.indexOf(letter);
      value += (digit % 32) * scale;
      scale *= 32;
      if (digit < 32) {
        at += value + 1;
        list.push(at);
        value = 0;
        scale = 1;
      }
    }
    return list;
  };

  // Papers whose abstract has a word that begins so; of several parts, all of them. Null: too many have it to be told.
  const inAbstract = (shard, word) => {
    let both = null, common = false;
    for (const whole of word.match(/[\p{L}\p{N}]{3,}/gu) ?? []) {
      const part = whole.slice(0, LETTERS), hits = new Set();
      let every = false;
      for (let at = shard.words.indexOf(`\n${part}`); at >= 0; at = shard.words.indexOf(`\n${part}`, at + 1)) {
        const [name, steps] = shard.words.slice(at + 1, shard.words.indexOf("\n", at + 1)).split(" ");
        if (steps !== "*") for (const number of numbers(steps)) hits.add(number);
        else if (name === part) every = true;
      }
      if (every) common = true;
      else both = both === null ? hits : new Set([...both].filter((number) => hits.has(number)));
    }
    return both ?? (common ? null : new Set());
  };

  const search = (shard, wanted) => {
    const abstracts = wanted.map((word) => inAbstract(shard, word));
    const hits = [];
    for (let row = 0; row < shard.titles.length; row++) {
      let rank = 0;
      for (let place = 0; place < wanted.length; place++) {
        const word = wanted[place];
        let weight = -1;
        if (shard.titles[row].includes(word)) weight = 8;
        else if (shard.authors[row].includes(word)) weight = 6;
        else if (shard.lines.some((column) => column[row].includes(word))) weight = 3;
        else if (abstracts[place] === null) weight = 0;
        else if (abstracts[place].has(row)) weight = 1;
        if (weight < 0) { rank = 0; break; }
        rank += weight;
      }
      if (rank) hits.push({ shard, row, rank, day: shard.raw.days[row], score: shard.raw.scores[row] });
    }
    return hits;
  };

  // What has a letter that is written from right to left is written so: a language's name alone does not tell.
  const leads = (line) => (/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(line) ? "rtl" : "ltr");

  const days = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" });
  const dayOf = (day) => days.format(new Date(`${day}T00:00:00Z`));

  const shown = ({ shard, row, day }) => {
    const { raw, texts } = shard;
    const item = document.createElement("li");
    const id = raw.ids[row];
    const href = /^https?:/.test(id) ? id : `papers/${encodeURIComponent(id)}.html`;
    item.append(element("a", raw.titles[row], { className: "name", lang: "en", dir: "ltr", href }));
    const names = raw.authors[row].split(", ").map((name) => (name.length < 24 ? name.replaceAll(" ", "\u00a0") : name));
    const people = names.length > 4 ? `${names.slice(0, 4).join(", ")} ${say("et_al", { count: names.length })}` : names.join(", ");
    const who = element("p", people ? `${people} · ` : "", { className: "who" });
    who.append(element("a", dayOf(day), { className: "keep", href: `${day}.html` }));
    item.append(who);
    for (const [lang, lines] of texts) if (lines[row]) item.append(element("p", lines[row], { className: "line", lang, dir: leads(lines[row]) }));
    return item;
  };

  const show = () => {
    const wanted = words(query.value);
    results.hidden = !wanted.length;
    if (!wanted.length) {
      results.replaceChildren();
      found.textContent = "";
      return;
    }
    const hits = shards.flatMap((shard) => search(shard, wanted));
    hits.sort((a, b) => b.rank - a.rank || (a.day < b.day ? 1 : a.day > b.day ? -1 : b.score - a.score));
    results.replaceChildren(...hits.slice(0, MOST).map(shown));
    const kind = !hits.length ? "script_none" : hits.length > MOST ? "script_found_first" : "script_found";
    const partly = failed ? say("script_partly") : "";
    const more = shards.length + failed < names.length ? say("script_searching") : partly;
    found.textContent = [say(kind, { count: hits.length, most: MOST }), more].filter(Boolean).join(say("gap"));
  };

  const changed = () => {
    const address = new URL(location.href);
    if (query.value.trim()) address.searchParams.set("q", query.value);
    else address.searchParams.delete("q");
    history.replaceState(null, "", address);
    show();
  };

  query.value = new URLSearchParams(location.search).get("q") ?? "";
  query.form.addEventListener("submit", (event) => { event.preventDefault(); changed(); });
  query.addEventListener("input", changed);
  if (names.length) load();
  else show();
})();
