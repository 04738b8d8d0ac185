// What pages of a repository gain by a script: differences drawn anew without loading, a finder of files (t), copying,
// pages that change when what they show does, and reading without a network.
// They are complete without it; where anything here fails, a link leads where it always leads.
"use strict";

const { module, integrity, worker, offline, offlineIntegrity } = document.currentScript.dataset;
const policy = globalThis.trustedTypes?.createPolicy("nimbus", {
	createHTML: html => html,
	createScriptURL: url => url === worker ? url : "about:blank",
});
const repo = { ...document.querySelector(".repo").dataset };

// Markup is only ever made of what the server's C gives, here in the module or there: it escapes.
function markup(html) {
	return policy ? policy.createHTML(html) : html;
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

async function answerOf(url, accept = "*/*") {
	const answer = await fetch(url, { headers: { Accept: accept } });
	if (!answer.ok)
		throw new Error(`${url}: ${answer.status}`);
	return answer;
}

async function bytesOf(url, accept) {
	const answer = await answerOf(url, accept);
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

const DIFF = "application/x-nimbus-diff";
const drawn = { path: location.pathname, query: location.search, data: new Map() };

function shown() {
	return document.getElementById("@diff");
}

async function look(url) {
	const query = new URLSearchParams(url.search), split = query.get("view") === "split";
	query.delete("view");
	const key = query.toString();
	if (!drawn.data.has(key))
		drawn.data.set(key, await bytesOf(url.pathname + url.search, DIFF));
	const [good, html] = call(await load(), "diff", drawn.data.get(key), split ? 1 : 0);
	if (!good)
		throw new Error(html);
	shown().innerHTML = markup(html);
	drawn.query = url.search;
	if (url.hash)
		document.getElementById(url.hash.slice(1))?.scrollIntoView();
}

async function follow(link) {
	const url = new URL(link.href), words = link.textContent, inNav = link.closest("nav") !== null, differences = shown();
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

if (shown() && module) {
	addEventListener("click", event => {
		const link = event.target.closest?.("[id='@diff'] a[href^='?']");
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
	finder.hits.innerHTML = markup(html);
	choose(0);
	finder.status.textContent = `${count ? "" : "No path has these letters in this order. "}${finder.part}`;
}

async function openFinder() {
	if (!finder.dialog)
		makeFinder();
	finder.dialog.showModal();
	finder.input.select();
	if (finder.commit === repo.commit)
		return find();
	finder.status.textContent = "Fetching the list of files …";
	try {
		const [x, answer] = await Promise.all([load(), answerOf(`/${repo.name}/paths/${repo.commit}`)]);
		const paths = new Uint8Array(await answer.arrayBuffer()), whole = answer.headers.get("Cache-Control") !== "no-store";
		const at = x.paths(paths.length);
		new Uint8Array(x.memory.buffer, at, paths.length).set(paths);
		Object.assign(finder, { x, commit: whole ? repo.commit : null, part: answer.headers.get("X-Partial") ?? "" });
		find();
	} catch {
		finder.status.textContent = "The list of files could not be fetched. Close this and try again.";
	}
}

function offerFinder() {
	const key = element("kbd", { "aria-hidden": "true" }, "t");
	const button = element("button", { type: "button", class: "quiet goto", "aria-keyshortcuts": "t" }, "Go to file ", key);
	button.addEventListener("click", openFinder);
	document.querySelector(".repo").append(button);
}

if (repo.commit && module) {
	offerFinder();
	addEventListener("keydown", event => {
		if (event.key !== "t" || !isPlain(event) || event.target.closest("input, textarea, select, dialog, [contenteditable]"))
			return;
		event.preventDefault();
		openFinder();
	});
}

// Copying what is there to be copied.

function offerCopies() {
	for (const text of navigator.clipboard ? document.querySelectorAll(".copy") : []) {
		const button = element("button", { type: "button", class: "quiet" }, "Copy");
		button.addEventListener("click", async () => {
			await navigator.clipboard.writeText(text.value ?? text.textContent);
			button.textContent = "Copied";
			setTimeout(() => { button.textContent = "Copy"; }, 2000);
		});
		text.after(button);
	}
}

offerCopies();

// A page of a branch, tag or of all refs: when something happened in the repository, what it shows is fetched again. Not
// under somebody's hands: who writes in it, or has a menu open, is told instead.

const live = { told: element("p", { role: "status", class: "hide" }), wait: 1000, timer: 0, refused: 0 };

function isInUse(main) {
	const fields = [...main.querySelectorAll("input, textarea")];
	return finder.dialog?.open || main.querySelector("details.pick[open]") || fields.some(field => field.value !== field.defaultValue);
}

function tellOfChange(main) {
	if (!main.querySelector(".changed"))
		main.prepend(element("p", { class: "note changed" }, "This page has changed. ", element("a", { href: "" }, "Load it again")));
}

async function refresh(version) {
	const main = document.getElementById("@main");
	if (isInUse(main))
		return tellOfChange(main);
	const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
	if (!answer.ok)
		return tellOfChange(main);
	const page = new DOMParser().parseFromString(markup(await answer.text()), "text/html");
	const fresh = page.getElementById("@main"), focused = document.activeElement.getAttribute?.("href");
	if (!fresh?.querySelector(".repo") || isInUse(main))
		return tellOfChange(main);
	main.replaceChildren(...fresh.childNodes);
	Object.assign(repo, document.querySelector(".repo").dataset);
	repo.live = version;
	drawn.data.clear();
	document.title = page.title;
	if (repo.commit && module)
		offerFinder();
	offerCopies();
	offerKeeping();
	if (focused)
		[...main.querySelectorAll("a")].find(a => a.getAttribute("href") === focused)?.focus({ preventScroll: true });
	live.told.textContent = "This page was brought up to date.";
}

function heard({ data }) {
	const { version, event, closing } = JSON.parse(data);
	if (closing?.retry)
		live.wait = closing.retry;
	const now = event?.version ?? version ?? 0;
	if (now <= Number(repo.live))
		return;
	clearTimeout(live.timer);
	live.timer = setTimeout(() => refresh(now).catch(() => {}), 200);
}

function listenAgain() {
	setTimeout(listen, live.wait * (1 + Math.random()));
	live.wait = Math.min(live.wait * 2, 60000);
}

// Where something in between knows no WebSocket, the same comes as a stream.
function listenToStream() {
	const source = new EventSource(`/api/v1/live?topic=repo:${repo.name}`);
	source.addEventListener("message", heard);
	source.addEventListener("error", () => source.readyState === EventSource.CLOSED && listenAgain());
}

function listen() {
	if (live.refused > 1)
		return listenToStream();
	const socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/v1/live`);
	socket.addEventListener("open", () => {
		Object.assign(live, { wait: 1000, refused: -Infinity });
		socket.send(JSON.stringify({ subscribe: [`repo:${decodeURIComponent(repo.name)}`] }));
	});
	socket.addEventListener("message", heard);
	socket.addEventListener("close", ({ code }) => {
		if (code === 1008 || code === 4401)
			return;
		live.refused++;
		listenAgain();
	});
}

// Pages that never change are kept by a service worker, for when there is no network.

const account = document.querySelector(".bar a[href='/account']")?.textContent ?? "";

async function keepPages() {
	const isNew = !navigator.serviceWorker.controller;
	await navigator.serviceWorker.register(policy ? policy.createScriptURL(worker) : worker, { scope: "/" });
	const { active } = await navigator.serviceWorker.ready;
	active.postMessage({ account, url: isNew ? location.href : "" });
}

// It keeps a whole repository too, where one wants that: the home of one offers it.

async function askWorker(message, hear = () => {}) {
	const { active } = await navigator.serviceWorker.ready, { port1, port2 } = new MessageChannel();
	return new Promise((resolve, reject) => {
		port1.onmessage = ({ data }) => {
			if ("got" in data)
				return hear(data);
			port1.close();
			return data.failed ? reject(new Error(data.failed)) : resolve(data.about);
		};
		active.postMessage({ account, ...message }, [port2]);
	});
}

function sizeOf(bytes) {
	return bytes < 1048576 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1048576).toFixed(1)} MiB`;
}

function aboutRepo() {
	const hrefOf = rel => document.querySelector(`link[rel=${rel}]`).getAttribute("href");
	return {
		name: repo.name, description: document.querySelector(".repo > p")?.textContent ?? "",
		visibility: document.querySelector(".repo > .lock") ? "private" : "public",
		branch: decodeURIComponent(repo.rev), commit: repo.commit, css: hrefOf("stylesheet"), icon: hrefOf("icon"),
		module: offline, integrity: offlineIntegrity,
	};
}

function keepingButton(words, message, box) {
	const button = element("button", { type: "button", class: "quiet" }, words), status = box.querySelector("[role=status]");
	button.addEventListener("click", async () => {
		box.querySelectorAll("button").forEach(other => { other.disabled = true; });
		status.textContent = message.keep ? "It is being made …" : "";
		try {
			showKeeping(box, await askWorker(message, ({ got, size }) => {
				status.textContent = got < size ? `${sizeOf(got)} of ${sizeOf(size)} …` : "It is being checked …";
			}));
			box.querySelector("button").focus();
		} catch (error) {
			status.textContent = error.message;
			box.querySelectorAll("button").forEach(other => { other.disabled = false; });
		}
	});
	return button;
}

function showKeeping(box, kept) {
	const status = element("small", { role: "status" }), old = kept && kept.commit !== repo.commit;
	box.replaceChildren(status);
	if (!kept || old)
		box.append(keepingButton(kept ? "Bring up to date" : "Keep offline", { keep: aboutRepo() }, box));
	if (!kept)
		return;
	box.append(keepingButton("Forget", { forget: repo.name }, box));
	const history = kept.depth ? `, the newest ${kept.depth} commits` : "";
	status.textContent = `Kept offline${old ? ` as of ${kept.commit.slice(0, 10)}` : ""}, ${sizeOf(kept.size)}${history}`;
}

function offerKeeping() {
	if (!offline || !repo.commit || !worker || !navigator.serviceWorker)
		return;
	const box = element("div", { class: "keep" });
	document.querySelector(".repo").append(box);
	askWorker({ about: repo.name }).then(kept => showKeeping(box, kept)).catch(() => {});
}

if (worker && navigator.serviceWorker)
	keepPages().catch(() => {});
offerKeeping();

if (repo.live) {
	document.body.append(live.told);
	listen();
}
