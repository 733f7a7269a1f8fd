// What makes the dashboard quicker to use. Every page works without it.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, listener, options) => document.addEventListener(type, listener, options);
  const say = (text) => {
    const place = $("#announcer");
    if (place) place.textContent = text;
  };

  // ---- Keys: "/" searches, Escape closes menus ----

  const typing = (element) =>
    element.matches?.("input, textarea, select, [contenteditable]") ?? false;

  on("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
      const field = $("[data-search]");
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.select();
    } else if (event.key === "Escape") {
      const menu = event.target.closest?.("details[data-menu][open]") ?? $("details[data-menu][open]");
      if (!menu) return;
      menu.open = false;
      $("summary", menu).focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const menu = event.target.closest?.("details[data-menu][open]");
      if (!menu || typing(event.target)) return;
      const entries = $$("a, button", menu);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const at = entries.indexOf(document.activeElement);
      event.preventDefault();
      entries.at(at < 0 ? (step > 0 ? 0 : -1) : (at + step) % entries.length)?.focus();
    }
  });

  // ---- Menus: one at a time, closed by a click elsewhere ----

  on("toggle", (event) => {
    if (!event.target.matches?.("details[data-menu][open]")) return;
    for (const menu of $$("details[data-menu][open]")) if (menu !== event.target) menu.open = false;
  }, true);
  on("click", (event) => {
    for (const menu of $$("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  on("focusin", (event) => {
    for (const menu of $$("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // ---- Copying ----

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Without a secure context there is no clipboard: select the text and use the old way.
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "visually-hidden";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  on("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const text = button.dataset.copy ?? $("code", button.parentElement)?.textContent ?? "";
    const done = await copy(text);
    say(done ? "Copied" : "Could not be copied");
    if (!done) return;
    button.focus();
    button.classList.add("done");
    const path = $("path", button);
    const drawn = path.getAttribute("d");
    if (button.dataset.busy) return;
    button.dataset.busy = "yes";
    path.setAttribute("d", "m3 8.5 3.25 3.25L13 4.75");
    setTimeout(() => {
      path.setAttribute("d", drawn);
      button.classList.remove("done");
      delete button.dataset.busy;
    }, 1500);
  });

  // ---- Theme: at once, stored in the background ----

  on("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]") || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const button of $$("button", form)) {
      button.setAttribute("aria-pressed", String(button === event.submitter));
    }
    const body = new URLSearchParams(new FormData(form));
    body.set("theme", theme);
    fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => {});
  });

  // ---- Questions: the confirm page's form in a dialog ----

  async function ask(link) {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const question = $("[data-question]", page);
    if (!answer.ok || !question) throw new Error("no question");
    const dialog = document.createElement("dialog");
    const heading = $("h1", question);
    heading.id = "question";
    // Fields of the page below may have the same ids.
    for (const element of $$("[id]", question)) element.id = `dialog-${element.id}`;
    for (const label of $$("label[for]", question)) label.htmlFor = `dialog-${label.htmlFor}`;
    for (const field of $$("[aria-describedby]", question)) field.removeAttribute("aria-describedby");
    dialog.setAttribute("aria-labelledby", heading.id);
    dialog.append(document.adoptNode(question));
    dialog.addEventListener("close", () => {
      dialog.remove();
      link.focus();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-close]")) {
        event.preventDefault();
        dialog.close();
      }
    });
    document.body.append(dialog);
    dialog.showModal();
    ($("input:not([type=hidden])", dialog) ?? $("[data-close]", dialog))?.focus();
  }

  on("click", (event) => {
    const link = event.target.closest("a[data-question-link]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const menu = link.closest("details[data-menu]");
    ask(link).catch(() => location.assign(link.href));
    if (menu) menu.open = false;
  });

  // ---- Selecting models ----

  function countSelected(form) {
    const boxes = $$("input[name=model]", form);
    const chosen = boxes.filter((box) => box.checked).length;
    const place = $("[data-bulk-count]", form);
    const text = chosen === 1 ? "1 model selected" : `${chosen} models selected`;
    if (place && place.textContent !== text) {
      place.textContent = text;
      say(text);
    }
    const all = $("[data-select-all]", form);
    if (all) all.textContent = chosen === boxes.length ? "Select none" : "Select all on this page";
    const head = $("[data-select-page]", form);
    if (head) {
      head.checked = chosen === boxes.length;
      head.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  }

  let lastBox = null;
  on("click", (event) => {
    const box = event.target.closest("[data-bulk] input[name=model]");
    if (box) {
      const boxes = $$("input[name=model]", box.form);
      const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
      if (event.shiftKey && from >= 0) for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
      lastBox = box;
      countSelected(box.form);
    }
    const all = event.target.closest("[data-select-all], [data-select-page]");
    if (all) {
      const form = all.closest("[data-bulk]");
      const boxes = $$("input[name=model]", form);
      const check = boxes.some((each) => !each.checked);
      for (const each of boxes) each.checked = check;
      countSelected(form);
      // The bar that holds the button is gone with the selection.
      if (!check && all.matches("[data-select-all]")) boxes[0]?.focus();
    }
  });

  // ---- Labels ----

  // Must give the same colours as `labels::colour`.
  const MASK = (1n << 64n) - 1n;
  function labelColour(name) {
    let side = "";
    let structure = "";
    for (const word of name.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean)) {
      if (["left", "l", "lt"].includes(word)) side = "left";
      else if (["right", "r", "rt"].includes(word)) side = "right";
      else structure += `${word} `;
    }
    if (!structure) return "none";
    let hash = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(structure)) {
      hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & MASK;
    }
    hash = ((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn) & MASK;
    hash ^= hash >> 33n;
    const lightness = side === "left" ? 42n : side === "right" ? 64n : 48n + ((hash >> 48n) % 10n);
    return `hsl(${hash % 360n} ${52n + ((hash >> 32n) % 28n)}% ${lightness}%)`;
  }

  const paint = (row) => $("rect", row)?.setAttribute("fill", labelColour($("[name=label_names]", row).value));

  function newRow(editor, number = "", names = "") {
    const row = $("[data-row-template]", editor).content.firstElementChild.cloneNode(true);
    $("[name=label_number]", row).value = number;
    $("[name=label_names]", row).value = names;
    paint(row);
    return row;
  }

  function nextNumber(list) {
    const used = $$("[name=label_number]", list).map((field) => Number.parseInt(field.value, 10)).filter(Number.isFinite);
    return String(used.length ? Math.max(...used) + 1 : 1);
  }

  // The names of a label as one field, which the server splits at commas unless it is a JSON list.
  function asText(names) {
    if (!Array.isArray(names)) {
      const name = String(names ?? "");
      return /,|^\s*\[/.test(name) ? JSON.stringify([name]) : name;
    }
    const plain = names.length > 1 && names.every((name) => typeof name === "string" && name && !/[,[\]"]/.test(name));
    return plain ? names.join(", ") : JSON.stringify(names);
  }

  // Keys and the text of their values, in the order of the text: JSON.parse would sort whole numbers.
  function jsonPairs(text) {
    JSON.parse(text);
    const pairs = [];
    const string = /"(?:[^"\\]|\\.)*"/y;
    let at = text.indexOf("{") + 1;
    for (;;) {
      while (/[\s,]/.test(text[at])) at += 1;
      if (text[at] === "}" || at >= text.length) return pairs;
      string.lastIndex = at;
      const key = string.exec(text)[0];
      at = text.indexOf(":", string.lastIndex) + 1;
      const start = at;
      for (let depth = 0; ; at += 1) {
        const c = text[at];
        if (c === '"') {
          string.lastIndex = at;
          at += string.exec(text)[0].length - 1;
        } else if (c === "[" || c === "{") depth += 1;
        else if (depth && (c === "]" || c === "}")) depth -= 1;
        else if (!depth && (c === "," || c === "}")) break;
      }
      pairs.push([JSON.parse(key), text.slice(start, at)]);
    }
  }

  // What follows reads as `ContourNames::from_pasted` does.

  function readJson(text) {
    const whole = jsonPairs(text);
    const field = (name) => whole.find(([key]) => key === name)?.[1];
    const inner = field("labels")?.trim();
    const pairs = (inner?.startsWith("{") ? jsonPairs(inner) : whole).map(([key, raw]) => [key, JSON.parse(raw)]);
    const isNumber = (value) => Number.isSafeInteger(value) && value >= 0;
    const isNumbers = (value) => isNumber(value) || (Array.isArray(value) && value.length > 0 && value.every(isNumber));
    // nnU-Net's dataset.json has the names first.
    if (!pairs.length || !pairs.every(([, value]) => isNumbers(value))) return pairs.map(([key, value]) => [key, asText(value)]);
    if (!pairs.some(([, value]) => Array.isArray(value))) return pairs.map(([name, number]) => [String(number), asText(name)]);
    const order = JSON.parse(field("regions_class_order") ?? "[]");
    const isBackground = (value) => [value].flat().every((number) => number === 0);
    const regions = pairs.filter(([name, value]) => name !== "ignore" && !isBackground(value));
    if (order.length !== regions.length) throw new Error("Labels that are regions need regions_class_order, with a number for each.");
    const background = pairs.filter(([, value]) => isBackground(value)).map(([name]) => ["0", asText(name)]);
    return [...background, ...regions.map(([name], index) => [String(order[index]), asText(name)])];
  }

  // The cells of a line of CSV.
  function cellsOf(line, separator) {
    const cells = [];
    for (let rest = line; ; ) {
      const quoted = /^ *"((?:[^"]|"")*)" *(.*)$/s.exec(rest);
      if (!quoted && /^ *"/.test(rest)) throw new Error("a quotation mark is not closed");
      const end = quoted ? rest.length - quoted[2].length : rest.indexOf(separator);
      const text = quoted ? quoted[1].replaceAll('""', '"') : end < 0 ? rest : rest.slice(0, end);
      cells.push({ text: text.trim(), quoted: Boolean(quoted) });
      if (quoted ? !quoted[2] : end < 0) return cells;
      if (rest[end] !== separator) throw new Error(`after a closing quotation mark stands “${quoted[2]}”`);
      rest = rest.slice(end + 1);
    }
  }

  // What a first line calls the columns, if it does.
  function columnsOf(line) {
    const separator = ["\t", ";", ","].find((each) => line.includes(each));
    if (!separator) return null;
    let words;
    try {
      words = cellsOf(line, separator).map((cell) => cell.text.toLowerCase().replace(/[_-]/g, " "));
    } catch {
      return null;
    }
    const places = (called) => words.flatMap((word, place) => (called.includes(word) ? [place] : []));
    const numbers = places(["number", "nr", "no", "no.", "#", "id", "index", "value", "label number", "label id"]);
    const either = places(["label", "class", "roi"]);
    let names = places(["name", "names", "label name", "structure", "organ", "contour"]);
    if (numbers.length && !names.length) names = either;
    const number = numbers.length ? numbers[0] : either[0];
    return number !== undefined && names.length ? { separator, number, names, count: words.length } : null;
  }

  // The number and the names of a line.
  function splitLine(line, columns) {
    if (columns) {
      const cells = cellsOf(line, columns.separator).map((cell) => cell.text);
      if (cells.length > columns.count) {
        throw new Error(`${cells.length} columns, where the first line names ${columns.count}; a name with a separator stands in quotation marks`);
      }
      return [cells[columns.number] ?? "", columns.names.map((place) => cells[place])];
    }
    const isColour = (cell) => /^#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(cell.text);
    const parts = /^\s*(\d+|"[^"]*")(\s*)(.)(.*)$/s.exec(line);
    const tabbed = /^[^\t]*[^\s][^\t]*\t/.test(line);
    if (!tabbed && /[,;]/.test(parts?.[3])) {
      const [number, ...cells] = cellsOf(line.trim().replace(/^(\d+|"[^"]*")\s+/, "$1"), parts[3]);
      let names = cells.filter((cell) => cell.text);
      if (names.length > 1) names = names.filter((cell) => !isColour(cell));
      if (names.length > 1) {
        const [count, c] = [cells.length + 1, parts[3]];
        throw new Error(`${count} columns; put a name with “${c}” in quotation marks, or name the columns in a first line: number${c}name${c}…`);
      }
      return [number.text, names.map((cell) => cell.text)];
    }
    let cells = tabbed ? cellsOf(line, "\t") : null;
    if (!cells && parts && /[:=]/.test(parts[3])) cells = cellsOf(`${parts[1]}\t${parts[4]}`, "\t");
    else if (!cells && parts?.[2]) cells = cellsOf(`${parts[1]}\t${parts[3]}${parts[4]}`, "\t");
    if (!cells) return [line.trim(), []];
    let names = cells.slice(1).filter((cell) => cell.text);
    if (names.length > 1) {
      names = names.filter((cell) => cell.quoted || !isColour(cell));
      const other = names.find((cell) => !cell.quoted && /^[\d.]+$/.test(cell.text));
      if (other) throw new Error(`“${other.text}” is no name; leave out such columns, or name the columns in a first line: number, name, …`);
    }
    return [cells[0].text, names.map((cell) => cell.text)];
  }

  // What the browser says of broken JSON is in its own words; only the place is taken of it.
  function brokenJson(text, error) {
    const place = /line (\d+) column (\d+)/.exec(error.message);
    const offset = /position (\d+)/.exec(error.message);
    const before = text.slice(0, offset ? Number(offset[1]) : text.length).split("\n");
    const [line, column] = place ? place.slice(1) : [before.length, before.at(-1).length + 1];
    return new Error(`This is no JSON: line ${line}, column ${column}.`);
  }

  // Refuses what the server would.
  function checked(labels) {
    const seen = new Set();
    for (const [number] of labels) {
      if (!/^(0|[1-9]\d*)$/.test(number) || Number(number) > 4294967295) {
        throw new Error(`“${number}”: a label number is a whole number from 0 to 4294967295 without leading zeros.`);
      }
      if (seen.has(number)) throw new Error(`Label ${number} appears twice.`);
      seen.add(number);
    }
    return labels;
  }

  function readLabels(text) {
    if (text.trim().startsWith("{")) {
      try {
        JSON.parse(text);
      } catch (error) {
        throw brokenJson(text, error);
      }
      return readJson(text.trim());
    }
    const labels = [];
    const lines = text.replace(/^\ufeff/, "").split(/\r?\n/).map((line, index) => [index + 1, line.trimEnd()]).filter(([, line]) => line);
    const columns = lines.length ? columnsOf(lines[0][1]) : null;
    for (const [at, line] of columns ? lines.slice(1) : lines) {
      let number, names;
      try {
        [number, names] = splitLine(line, columns);
      } catch (error) {
        throw new Error(`Line ${at}: ${error.message}.`);
      }
      names = names.filter(Boolean);
      if (!number && !names.length) continue;
      if (!/^\d+$/.test(number) || !names.length) throw new Error(`Line ${at} is not a number, a tab and a name.`);
      labels.push([number, asText(names.length === 1 ? names[0] : names)]);
    }
    return labels;
  }

  function applyLabels(editor, text) {
    const problem = $("[data-paste-error]", editor);
    try {
      const labels = checked(readLabels(text));
      $("[data-rows]", editor).replaceChildren(...labels.map(([number, names]) => newRow(editor, number, names)));
      problem.hidden = true;
      $("[name=labels_pasted]", editor).value = "";
      $("details.paste", editor).open = false;
      say(`${labels.length} labels`);
      editor.dispatchEvent(new Event("input", { bubbles: true }));
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      say(error.message);
    }
  }

  on("click", (event) => {
    const editor = event.target.closest("[data-label-rows]");
    if (!editor) return;
    const list = $("[data-rows]", editor);
    if (event.target.closest("[data-add-row]")) {
      event.preventDefault();
      const row = newRow(editor, nextNumber(list));
      list.append(row);
      $("[name=label_names]", row).focus();
      editor.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const remove = event.target.closest("[data-remove-row]");
    if (remove) {
      const row = remove.closest("li");
      const next = row.nextElementSibling ?? row.previousElementSibling;
      if (next) row.remove();
      else for (const field of $$("input", row)) field.value = "";
      ($("[data-remove-row]", next ?? row) ?? $("[data-add-row]", editor)).focus();
      editor.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (event.target.closest("[data-apply-paste]")) applyLabels(editor, $("[name=labels_pasted]", editor).value);
  });

  on("input", (event) => {
    if (event.target.matches("[name=label_names]")) paint(event.target.closest(".label-row"));
  });

  // A whole table pasted into a row becomes rows.
  on("paste", (event) => {
    const field = event.target.closest?.("[data-label-rows] .label-row input");
    const text = event.clipboardData?.getData("text") ?? "";
    if (!field || !/\n.|^\s*\{/.test(text.trim())) return;
    const editor = field.closest("[data-label-rows]");
    const empty = $$(".label-row input", $("[data-rows]", editor)).every((each) => !each.value);
    if (!empty) return;
    event.preventDefault();
    applyLabels(editor, text);
    const pasted = $("[name=labels_pasted]", editor);
    if (!$("[data-paste-error]", editor).hidden) {
      $("details.paste", editor).open = true;
      pasted.value = text;
    }
  });

  // Return in a row adds the next one instead of saving the form.
  on("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches?.(".label-row input")) return;
    event.preventDefault();
    const row = event.target.closest("li");
    const next = row.nextElementSibling;
    if (next) $("[name=label_names]", next).focus();
    else $("[data-add-row]", row.closest("[data-label-rows]")).click();
  });

  // ---- Fields ----

  on("click", (event) => {
    const jump = event.target.closest("[data-goto]");
    if (jump) {
      const area = document.getElementById(jump.dataset.goto);
      const lines = area.value.split("\n");
      const line = Math.min(Number(jump.dataset.line), lines.length);
      const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
      const at = Math.min(before + Number(jump.dataset.column) - 1, area.value.length);
      area.focus();
      area.setSelectionRange(at, at + 1);
    }
  });

  // Browsers show the caret of an area only, whose rest may lie behind the bar at the bottom.
  on("keyup", (event) => {
    if (event.key === "Tab" && event.target.matches?.("textarea")) event.target.scrollIntoView({ block: "nearest" });
  });

  // Who writes something else has chosen it.
  on("input", (event) => {
    if (event.target.matches?.("[data-chooses]")) $("[value=other]", event.target.closest("[data-conflict]")).checked = true;
  });

  on("click", (event) => {
    const side = event.target.closest?.("[data-choose-all]")?.dataset.chooseAll;
    if (!side) return;
    for (const choice of $$(`[type=radio][value=${side}]`, event.target.closest("[data-conflicts]"))) choice.checked = true;
  });

  on("input", (event) => {
    const selector = event.target.dataset?.filter;
    if (!selector) return;
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of $$(selector)) {
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      if (!item.hidden) shown += 1;
    }
    say(`${shown} shown`);
  });

  on("change", (event) => {
    event.target.closest?.("form[data-submit-on-change]")?.requestSubmit();
  });

  for (const type of ["dragenter", "dragleave", "drop"]) {
    on(type, (event) => {
      if (event.target.matches?.("[data-drop]")) event.target.classList.toggle("dragged", type === "dragenter");
    });
  }

  // ---- Unsaved changes, and no form twice ----

  let unsaved = false;
  on("input", (event) => {
    if (event.target.closest?.("form[data-guard]")) unsaved = true;
  });
  on("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    unsaved = false;
    const button = event.submitter;
    // An answer that is a download leaves the page as it is, so the button comes back.
    if (button) {
      setTimeout(() => button.setAttribute("aria-busy", "true"));
      setTimeout(() => button.removeAttribute("aria-busy"), 4000);
    }
  });
  addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  addEventListener("pageshow", () => {
    for (const button of $$("[aria-busy]")) button.removeAttribute("aria-busy");
  });

  // ---- Relative times: the same words as `time::relative` ----

  function relative(at) {
    const seconds = (Date.now() - at) / 1000;
    const apart = Math.abs(seconds);
    if (apart < 45) return seconds < 0 ? "in a moment" : "just now";
    const unit = apart < 2700 ? [60, "minute"] : apart < 79200 ? [3600, "hour"] : apart < 2592000 ? [86400, "day"] : null;
    if (!unit) return null;
    const count = Math.max(1, Math.floor((apart + unit[0] / 2) / unit[0]));
    const words = `${count} ${unit[1]}${count === 1 ? "" : "s"}`;
    return seconds < 0 ? `in ${words}` : `${words} ago`;
  }
  setInterval(() => {
    for (const time of $$("time[data-relative]")) {
      const text = relative(Date.parse(time.dateTime));
      if (text && time.textContent !== text) time.textContent = text;
    }
  }, 30_000);

  // ---- After htmx refreshed the list ----

  on("htmx:afterSettle", () => {
    const results = $("#results");
    if (results?.dataset.announce) say(results.dataset.announce);
  });
  // An answer that is no list (signed out, server gone) is shown as a page of its own.
  on("htmx:beforeSwap", (event) => {
    const answer = event.detail.xhr;
    if (answer.status >= 400 || !answer.responseText.includes('id="results"')) {
      event.detail.shouldSwap = false;
      location.assign(event.detail.pathInfo?.finalRequestPath ?? location.href);
    }
  });

  // ---- Where a page starts ----

  $("[data-focus]")?.focus();
  for (const form of $$("[data-bulk]")) if ($("input[name=model]:checked", form)) countSelected(form);
  for (const row of $$("[data-label-rows] .label-row")) if ($("[name=label_names]", row)) paint(row);
  if ($("form[data-guard=changed]")) unsaved = true;
})();
