// What pages of a repository gain by a script: differences drawn anew without loading, a finder of files (t), copying.
// They are complete without it; where anything here fails, a link leads where it always leads.
"use strict";

const { module, integrity } = document.currentScript.dataset;
const policy = globalThis.trustedTypes?.createPolicy("nimbus", { createHTML: html => html });
const repo = document.querySelector(".repo")?.dataset;

// The module draws with the server's own C, which escapes: what it gives is the only markup that is ever made here.
function draw(place, html) {
	place.innerHTML = policy ? policy.createHTML(html) : html;
}

let loading;
function load() {
	loading ??= WebAssembly.instantiateStreaming(fetch(module, { integrity })).then(made => made.instance.exports);
	return loading;
}

// Calls it with bytes, and gives its output as text. Memory may grow in any call: no view of it outlives one.
function call(x, name, bytes, ...more) {
	const at = x.begin(bytes.length);
	new Uint8Array(x.memory.buffer, at, bytes.length).set(bytes);
	const answer = x[name](bytes.length, ...more);
	return [answer, new TextDecoder().decode(new Uint8Array(x.memory.buffer, x.out(), x.outLength()))];
}

async function bytesOf(url, accept = "*/*") {
	const answer = await fetch(url, { headers: { Accept: accept } });
	if (!answer.ok)
		throw new Error(`${url}: ${answer.status}`);
	return new Uint8Array(await answer.arrayBuffer());
}

function element(name, attributes = {}, ...inside) {
	const made = document.createElement(name);
	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	made.append(...inside);
	return made;
}

function isPlain(event) {
	return !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

// Differences: side by side or not is drawn from what is here; for other white space or more lines, data comes.

const differences = document.getElementById("@diff");
const DIFF = "application/x-nimbus-diff";
const drawn = { path: location.pathname, query: location.search, data: new Map() };

async function look(url) {
	const query = new URLSearchParams(url.search), split = query.get("view") === "split";
	query.delete("view");
	const key = query.toString();
	if (!drawn.data.has(key))
		drawn.data.set(key, await bytesOf(url.pathname + url.search, DIFF));
	const [good, html] = call(await load(), "diff", drawn.data.get(key), split ? 1 : 0);
	if (!good)
		throw new Error(html);
	draw(differences, html);
	drawn.query = url.search;
	if (url.hash)
		document.getElementById(url.hash.slice(1))?.scrollIntoView();
}

async function follow(link) {
	const url = new URL(link.href), words = link.textContent, inNav = link.closest("nav") !== null;
	differences.setAttribute("aria-busy", "true");
	try {
		await look(url);
		history.pushState(null, "", url);
		const same = [...differences.querySelectorAll("a")].find(a => a.textContent === words);
		if (inNav)
			same?.focus();
	} catch {
		location.assign(url);
	} finally {
		differences.removeAttribute("aria-busy");
	}
}

if (differences && module) {
	differences.addEventListener("click", event => {
		const link = event.target.closest("a[href^='?']");
		if (!link || !isPlain(event))
			return;
		event.preventDefault();
		follow(link);
	});
	addEventListener("popstate", () => {
		if (location.pathname === drawn.path && location.search !== drawn.query)
			look(new URL(location)).catch(() => location.reload());
	});
}

// The finder: all paths of the revision are fetched once, and looked through here.

const finder = {};

function makeFinder() {
	finder.hits = element("div", { role: "listbox", id: "@hits", "aria-label": "Files" });
	finder.input = element("input", {
		role: "combobox", "aria-label": "Find a file by letters of its path", "aria-controls": "@hits", "aria-expanded": "true",
		"aria-autocomplete": "list", placeholder: "Letters of a path", autocomplete: "off", autocapitalize: "none", spellcheck: "false",
	});
	finder.status = element("p", { role: "status", class: "dim" });
	finder.dialog = element("dialog", { class: "finder", "aria-label": "Find a file" }, finder.input, finder.hits, finder.status);
	document.body.append(finder.dialog);
	finder.input.addEventListener("input", find);
	finder.input.addEventListener("keydown", chooseByKey);
	finder.dialog.addEventListener("click", event => event.target === finder.dialog && finder.dialog.close());
}

function choose(index) {
	const items = [...finder.hits.children];
	items.forEach((item, i) => i === index ? item.setAttribute("aria-selected", "true") : item.removeAttribute("aria-selected"));
	finder.chosen = index;
	if (items[index]) {
		finder.input.setAttribute("aria-activedescendant", items[index].id);
		items[index].scrollIntoView({ block: "nearest" });
	} else {
		finder.input.removeAttribute("aria-activedescendant");
	}
}

function chooseByKey(event) {
	const count = finder.hits.children.length, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
	if (step && count) {
		event.preventDefault();
		choose((finder.chosen + step + count) % count);
	} else if (event.key === "Enter") {
		finder.hits.children[finder.chosen]?.click();
	}
}

function find() {
	if (!finder.x)
		return;
	const query = new TextEncoder().encode(`/${repo.name}/blob/${repo.rev}/\0${finder.input.value}`);
	const [count, html] = call(finder.x, "find", query);
	draw(finder.hits, html);
	choose(0);
	finder.status.textContent = count ? "" : "No path has these letters in this order.";
}

async function openFinder() {
	if (!finder.dialog)
		makeFinder();
	finder.dialog.showModal();
	finder.input.select();
	if (finder.x)
		return;
	finder.status.textContent = "Fetching the list of files …";
	try {
		const [x, paths] = await Promise.all([load(), bytesOf(`/${repo.name}/paths/${repo.commit}`)]);
		const at = x.paths(paths.length);
		new Uint8Array(x.memory.buffer, at, paths.length).set(paths);
		finder.x = x;
		find();
	} catch {
		finder.status.textContent = "The list of files could not be fetched. Close this and try again.";
	}
}

if (repo?.commit && module && HTMLDialogElement) {
	const button = element("button", { type: "button", class: "quiet find", "aria-keyshortcuts": "t" }, "Go to file ", element("kbd", { "aria-hidden": "true" }, "t"));
	button.addEventListener("click", openFinder);
	document.querySelector(".tabs").append(button);
	addEventListener("keydown", event => {
		if (event.key !== "t" || !isPlain(event) || event.target.closest("input, textarea, select, dialog, [contenteditable]"))
			return;
		event.preventDefault();
		openFinder();
	});
}

// Copying what is there to be copied.

for (const text of navigator.clipboard ? document.querySelectorAll(".copy") : []) {
	const button = element("button", { type: "button", class: "quiet" }, "Copy");
	button.addEventListener("click", async () => {
		await navigator.clipboard.writeText(text.textContent);
		button.textContent = "Copied";
		setTimeout(() => { button.textContent = "Copy"; }, 2000);
	});
	text.after(button);
}
