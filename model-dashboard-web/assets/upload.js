// Sends packages by tus, and waits for what is found in them.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const say = (text) => {
    const place = $("#announcer");
    if (place) place.textContent = text;
  };

  // The same words as `components::size`.
  function size(bytes) {
    for (const [unit, name] of [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
      if (bytes < unit) continue;
      const tenths = Math.floor(bytes / (unit / 10));
      return tenths < 100 ? `${(tenths / 10).toFixed(1)} ${name}` : `${Math.floor(tenths / 10)} ${name}`;
    }
    return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  }

  function duration(seconds) {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
    return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  }

  // ---- Sending ----

  const panel = $("[data-uploader]");
  if (panel) uploader(panel);

  function uploader(panel) {
    const { endpoint, next, csrf, signIn } = panel.dataset;
    const most = Number(panel.dataset.most);
    const zone = $("[data-drop-zone]", panel);
    const input = $("#file", panel);
    const transfer = $("[data-transfer]", panel);
    const part = (name) => $(`[data-${name}]`, panel);
    const headers = { "X-CSRF-Token": csrf };
    // How long until the next try, in seconds; the last one again and again.
    const waits = [0, 1, 2, 5, 10];
    // The speed is that of so many seconds.
    const span = 8;

    let file = null;
    let upload = null;
    let state = "idle";
    let tries = 0;
    let timer = 0;
    let samples = [];

    function wrong(text) {
      const place = part("wrong");
      place.textContent = text;
      place.hidden = !text;
    }

    function show(next, text, tone = "") {
      state = next;
      const place = part("state");
      place.textContent = text;
      place.className = `transfer-state ${tone}`;
      transfer.dataset.now = next;
      if (text) say(text);
      part("pause").hidden = !["sending", "waiting"].includes(next);
      part("go-on").hidden = !["paused", "refused"].includes(next);
    }

    function progress(sent, total) {
      const now = performance.now() / 1000;
      samples.push([now, sent]);
      samples = samples.filter(([at]) => now - at <= span);
      const [first, from] = samples[0];
      const speed = now - first > 0.5 ? (sent - from) / (now - first) : 0;
      const percent = total ? Math.floor((sent / total) * 100) : 100;
      part("progress").value = total ? Math.floor((sent / total) * 1000) : 1000;
      part("percent").textContent = `${percent} %`;
      const told = [`${size(sent)} of ${size(total)}`];
      if (speed > 0 && state === "sending") told.push(`${size(speed)}/s`, `${duration((total - sent) / speed)} left`);
      part("amount").textContent = told.join(" · ");
      document.title = document.title.replace(/^(\d+ % · )?/, `${percent} % · `);
    }

    // An upload of the same file that was begun, by the server's word: whichever browser began it.
    async function begun(file) {
      const answer = await fetch(endpoint, { headers, cache: "no-store" });
      if (!answer.ok) return null;
      const { uploads } = await answer.json();
      const same = uploads.filter((it) => it.received < it.size && it.size === file.size && it.file_name === file.name);
      for (const { id } of same) {
        const one = await fetch(`${endpoint}/${id}`, { method: "HEAD", headers: { ...headers, "Tus-Resumable": "1.0.0" }, cache: "no-store" });
        const metadata = one.headers.get("Upload-Metadata") ?? "";
        if (one.ok && metadata.split(",").includes(`lastmodified ${btoa(String(file.lastModified))}`)) return `${endpoint}/${id}`;
      }
      return null;
    }

    function make(file, url) {
      const made = new tus.Upload(file, {
        endpoint,
        uploadUrl: url,
        headers,
        chunkSize: 64 * 2 ** 20,
        // Trying again is up to `failed`: for as long as it takes.
        retryDelays: null,
        storeFingerprintForResuming: false,
        metadata: { filename: file.name, lastmodified: String(file.lastModified) },
        onUploadUrlAvailable() {
          // Without it a refused look at the upload would begin another one.
          made.options.endpoint = null;
        },
        onProgress(sent, total) {
          if (state === "waiting") show("sending", "");
          tries = 0;
          progress(sent, total);
        },
        onSuccess() {
          show("done", "All of it is there.", "ok");
          location.assign(`${next}/${encodeURIComponent(made.url.split("/").pop())}`);
        },
        onError: failed,
      });
      if (url) made.options.endpoint = null;
      return made;
    }

    // A problem document (RFC 9457); nothing in answers without a body.
    function problem(answer) {
      try {
        return JSON.parse(answer.getBody()) ?? {};
      } catch {
        return {};
      }
    }
    const detail = (answer) => problem(answer).detail ?? "";

    async function failed(error) {
      const answer = error.originalResponse;
      const status = answer?.getStatus() ?? 0;
      samples = [];
      if (status === 401) {
        show("refused", "Your session has ended. Sign in again in another tab, then go on here: nothing that was sent is lost.", "warning");
        const link = Object.assign(document.createElement("a"), { href: signIn, target: "_blank", textContent: "Sign in" });
        part("state").append(" ", link);
      } else if (status === 403) {
        const why = detail(answer);
        show("refused", `${why ? `Refused: ${why}. ` : ""}Go on to try it with the session that this browser has now.`, "warning");
      } else if (status === 410 && problem(answer).type === "urn:model-dashboard:problem:purged-bytes") {
        // Sent again they are refused again: there is nothing to go on with.
        show("barred", `Refused: ${detail(answer)}.`, "danger");
      } else if (status === 410) {
        show("refused", "The upload is gone: it was given up or it expired. Go on to begin anew.", "warning");
        upload = make(file, null);
      } else if ([400, 411, 412, 413, 415, 422].includes(status)) {
        const why = detail(answer);
        show("refused", why ? `Refused: ${why}.` : `Refused by the server (${status}).`, "danger");
      } else if (status === 0 && error.message?.includes("failed to upload chunk") && !(await readable(file))) {
        show("refused", "The file cannot be read any more: it was moved or changed. Choose it again.", "danger");
      } else {
        const wait = waits[Math.min(tries, waits.length - 1)];
        tries += 1;
        const why = !navigator.onLine ? "This computer is offline." : status ? "The server is busy." : "The connection is lost.";
        show("waiting", `${why} It goes on by itself.`, "warning");
        clearTimeout(timer);
        timer = setTimeout(start, wait * 1000);
      }
    }

    async function readable(file) {
      try {
        await file.slice(0, 1).arrayBuffer();
        return true;
      } catch {
        return false;
      }
    }

    // The token of the session that this browser has now: another one may have begun meanwhile.
    async function renew() {
      const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
      if (!answer?.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const csrf = $("[data-uploader]", page)?.dataset.csrf;
      if (csrf) headers["X-CSRF-Token"] = csrf;
    }

    async function start() {
      clearTimeout(timer);
      if (["sending", "done", "idle"].includes(state)) return;
      const from = state;
      if (from !== "waiting") show("sending", "");
      if (from === "refused") await renew();
      upload.start();
    }

    async function pause() {
      clearTimeout(timer);
      samples = [];
      show("paused", "Paused. What was sent stays there.");
      await upload.abort(false);
    }

    async function discard() {
      clearTimeout(timer);
      show("idle", "");
      const url = upload?.url;
      await upload?.abort(false);
      upload = file = null;
      if (url) {
        const given = await fetch(url, { method: "DELETE", headers: { ...headers, "Tus-Resumable": "1.0.0" } }).catch(() => null);
        if (!given?.ok && given?.status !== 410) wrong("It could not be discarded. It is listed below, and expires by itself.");
      }
      transfer.hidden = true;
      zone.hidden = false;
      input.value = "";
      input.focus();
      document.title = document.title.replace(/^\d+ % · /, "");
      say("Discarded");
      refresh();
    }

    async function choose(files) {
      wrong("");
      if (!files.length) return;
      if (["sending", "waiting", "paused", "preparing"].includes(state)) return wrong("One at a time: this one is not finished.");
      if (files.length > 1) return wrong("One file, please: a folder is packed as a zip archive first.");
      const chosen = files[0];
      if (!(await readable(chosen))) return wrong("This is a folder, or cannot be read. Pack a folder as a zip archive first.");
      if (chosen.size > most) return wrong(`${chosen.name} has ${size(chosen.size)}; a package has at most ${size(most)}.`);
      file = chosen;
      samples = [];
      tries = 0;
      zone.hidden = true;
      transfer.hidden = false;
      part("name").textContent = file.name;
      part("progress").value = 0;
      part("amount").textContent = size(file.size);
      part("percent").textContent = "";
      show("preparing", "");
      const url = await begun(file).catch(() => null);
      if (file !== chosen) return;
      upload = make(file, url);
      start();
      if (url) {
        const row = $(`[data-upload="${url.split("/").pop()}"]`);
        if (row) row.hidden = true;
        say("Goes on where it stopped");
      }
      part("pause").focus();
    }

    // The list as it is now.
    async function refresh() {
      const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
      if (!answer?.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const list = $("#uploads", page);
      if (list) $("#uploads").replaceWith(document.adoptNode(list));
    }

    input.addEventListener("change", () => choose([...input.files]));
    part("pause").addEventListener("click", pause);
    part("go-on").addEventListener("click", start);
    part("discard").addEventListener("click", discard);
    addEventListener("online", () => {
      if (state === "waiting") start();
    });
    addEventListener("beforeunload", (event) => {
      if (["sending", "waiting"].includes(state)) event.preventDefault();
    });

    // A file that misses the zone must not be opened by the browser.
    let depth = 0;
    for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
      document.addEventListener(type, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        depth += type === "dragenter" ? 1 : type === "dragleave" ? -1 : 0;
        if (type === "drop") depth = 0;
        zone.classList.toggle("dragged", depth > 0);
        if (type === "drop") choose([...event.dataTransfer.files]);
      });
    }
  }

  // ---- Waiting for what is found ----

  let asked = 0;
  async function look() {
    const waiting = $("[data-waiting]");
    if (!waiting) return;
    asked += 1;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.redirected || answer.status === 404) return location.reload();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const main = $("main", page);
      if (answer.ok && main && !$("[data-waiting]", page)) {
        $("main").replaceChildren(...document.adoptNode(main).childNodes);
        say("The package was looked at");
        $("[data-focus]")?.focus();
        return;
      }
    } catch {
      // The next try may do.
    }
    setTimeout(look, asked < 10 ? 1000 : 3000);
  }
  if ($("[data-waiting]")) setTimeout(look, 500);
})();
