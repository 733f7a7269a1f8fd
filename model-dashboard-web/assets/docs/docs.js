// Shows the routes of openapi.json and tries them. The token is kept in this page's memory only.
"use strict";

const tokenField = document.getElementById("token");
const who = document.getElementById("who");
let nextId = 0;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Text with code between backticks. */
function rich(text) {
  return text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part));
}

/** Paragraphs of such text. */
function paragraphs(text) {
  return (text || "").split("\n\n").map((part) => element("p", {}, ...rich(part)));
}

function call(method, path, headers = {}, body) {
  const token = tokenField.value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  return fetch(new URL(path.replace(/^\//, ""), document.baseURI), {
    method, headers, body, credentials: "omit", cache: "no-store",
  });
}

/** An example of a schema, for the field that takes a body. */
function example(schema, schemas, depth = 0) {
  if (!schema || depth > 6) return null;
  if (schema.$ref) return example(schemas[schema.$ref.split("/").pop()], schemas, depth + 1);
  if (schema.example !== undefined) return schema.example;
  const choice = (schema.oneOf || schema.anyOf || schema.allOf || []).find((s) => s.type !== "null");
  if (choice) return example(choice, schemas, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type.find((t) => t !== "null") : schema.type;
  switch (type) {
    case "object": {
      const result = {};
      for (const [name, inner] of Object.entries(schema.properties || {})) {
        result[name] = example(inner, schemas, depth + 1);
      }
      return result;
    }
    case "array": return [];
    case "boolean": return false;
    case "integer": case "number": return 0;
    default: return "";
  }
}

function inputFor(parameter) {
  const id = `field-${nextId++}`;
  const input = element("input", { id, spellcheck: "false", autocomplete: "off" });
  const begins = parameter.in === "path" || parameter.required;
  input.value = begins ? (parameter.example ?? "") : "";
  if (!begins && parameter.example !== undefined) input.placeholder = parameter.example;
  if (parameter.required) input.required = true;
  const field = element("div", { class: "field" }, element("label", { for: id }, element("code", {}, parameter.name)), input);
  if (parameter.description) field.append(element("small", {}, ...rich(parameter.description)));
  return { parameter, input, field };
}

async function show(response, into) {
  const text = await response.text();
  let shown = text;
  try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it is */ }
  const status = element("p", { class: response.ok ? "status" : "status failed" }, `${response.status} ${response.statusText}`);
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  into.replaceChildren(status, element("pre", { tabindex: "0", "aria-label": "Answer headers" }, headers));
  if (shown) into.append(element("pre", { tabindex: "0", "aria-label": "Answer body" }, shown.slice(0, 200000)));
}

function route(method, path, operation, schemas) {
  const inputs = (operation.parameters || []).map(inputFor);
  const form = element("form", {});
  form.append(...inputs.map((input) => input.field));
  let body;
  const content = operation.requestBody?.content;
  const mediaType = content && Object.keys(content)[0];
  if (mediaType) {
    const id = `field-${nextId++}`;
    body = element("textarea", { id, spellcheck: "false" });
    body.value = JSON.stringify(content[mediaType].example ?? example(content[mediaType].schema, schemas), null, 2);
    form.append(element("label", { for: id }, `Body (${mediaType})`), body);
  }
  const answer = element("div", { role: "status" });
  form.append(element("p", {}, element("button", { type: "submit" }, "Send")), answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const headers = mediaType ? { "Content-Type": mediaType } : {};
    const query = new URLSearchParams();
    let address = path;
    for (const { parameter, input } of inputs) {
      const value = input.value.trim();
      if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(value));
      else if (value && parameter.in === "query") query.set(parameter.name, value);
      else if (value && parameter.in === "header") headers[parameter.name] = value;
    }
    if ([...query].length) address += `?${query}`;
    try {
      await show(await call(method.toUpperCase(), address, headers, body?.value), answer);
    } catch (error) {
      answer.replaceChildren(element("p", { class: "status failed" }, `No answer: ${error.message}`));
    }
  });
  const inside = element("div", { class: "route" });
  if (operation.description) inside.append(...paragraphs(operation.description));
  const needs = (operation.security || []).flatMap((requirement) => requirement.token || []);
  if (needs.length) inside.append(element("p", {}, "Needs ", element("code", {}, needs.join(" ")), "."));
  inside.append(form);
  return element("details", {},
    element("summary", {}, element("span", { class: `method ${method}` }, method.toUpperCase()),
      element("code", {}, path), element("span", {}, ...rich(operation.summary || ""))),
    inside);
}

async function start() {
  const routes = document.getElementById("routes");
  const described = await (await call("GET", "/openapi.json")).json();
  const schemas = described.components?.schemas || {};
  routes.append(...paragraphs(described.info.description));
  for (const tag of described.tags || []) {
    routes.append(element("h2", {}, tag.name), ...paragraphs(tag.description));
    for (const [path, item] of Object.entries(described.paths)) {
      for (const method of ["get", "post", "put", "patch", "delete"]) {
        if (item[method]?.tags?.includes(tag.name)) routes.append(route(method, path, item[method], schemas));
      }
    }
  }
}

document.getElementById("token-form").addEventListener("submit", (event) => event.preventDefault());
tokenField.addEventListener("change", async () => {
  const answer = await call("GET", "/api/v1/me");
  const me = await answer.json().catch(() => ({}));
  who.textContent = answer.ok ? `${me.username}: ${me.permissions.join(", ")}` : me.detail || "This token does not count.";
});
start().catch((error) => { document.getElementById("routes").append(`The description could not be loaded: ${error.message}`); });
