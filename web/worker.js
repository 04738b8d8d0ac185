// Keeps the pages that were visited and never change (they name a commit by its id), and whole repositories for whoever
// wants that, and shows them when the network is gone. What is kept belongs to one account: pages tell whose they are, and the server has all of it cleared on signing in and out.
"use strict";

const KEPT = "kept", FILES = "files", COPIES = "copies", OWNER = "/kept-for";
const PAGES_MOST = 200, PAGE_LONGEST = 1 << 20, FILES_MOST = 20;
const PINNED = /^\/[^/]+\/(tree|blob|blame|commit|commits)\/([0-9a-f]{40}|[0-9a-f]{64})(\/|$)/;
const POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const COPY_POLICY = `${POLICY.replace("img-src", "img-src 'self'")}; media-src 'self'`;
const CHECKED_FOR = 3600000;

function isPinned(url) {
	return PINNED.test(new URL(url).pathname);
}

// The oldest go first: keys come in the order in which they were put.
async function trim(cache, most) {
	const keys = (await cache.keys()).filter(key => !key.url.endsWith(OWNER));
	await Promise.all(keys.slice(0, Math.max(0, keys.length - most)).map(key => cache.delete(key)));
}

async function keep(url, answer) {
	const cache = await caches.open(KEPT), html = answer.headers.get("Content-Type")?.startsWith("text/html");
	const page = answer.ok && !answer.redirected && html ? await answer.blob() : null;
	await cache.delete(url);
	if (!page || page.size > PAGE_LONGEST)
		return;
	const headers = new Headers(answer.headers);
	headers.set("X-Kept", new Date().toISOString());
	headers.delete("Content-Encoding");
	await cache.put(url, new Response(page, { headers }));
	await trim(cache, PAGES_MOST);
}

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;" };

function text(words) {
	return words.replace(/[&<>"']/g, letter => escapes[letter]);
}

// The owner may have taken back since then from which other hosts it might load pictures.
async function kept(url) {
	const answer = await (await caches.open(KEPT)).match(url);
	if (!answer)
		return null;
	const when = new Date(answer.headers.get("X-Kept")).toLocaleString("en", { dateStyle: "long", timeStyle: "short" });
	const note = `<p class="note" role="status">You are offline. This page is as it was on ${text(when)}.</p>`;
	const page = (await answer.text()).replace("<main id=\"@main\">", found => found + note);
	const headers = new Headers(answer.headers), policy = headers.get("Content-Security-Policy") ?? POLICY;
	headers.set("Content-Security-Policy", policy.replace(/img-src [^;]*/, "img-src 'self' data:"));
	return new Response(page, { headers });
}

// A copy of a repository: its pack, the index of that, and what a page said about it. The module is the server's C, which
// reads the pack and draws its pages.

const opened = { key: "", x: null };

function put(x, at, bytes) {
	new Uint8Array(x.memory.buffer, at, bytes.length).set(bytes);
}

function output(x) {
	return new Uint8Array(x.memory.buffer, x.out(), x.outLength()).slice();
}

const aboutPath = name => `/${name}/offline/about`, packPath = about => `/${about.name}/offline/${about.commit}.pack`;
const indexPath = about => `/${about.name}/offline/${about.commit}.idx`;

async function aboutOf(name) {
	return await (await (await caches.open(COPIES)).match(aboutPath(name)))?.json() ?? null;
}

async function copies() {
	const cache = await caches.open(COPIES), keys = (await cache.keys()).filter(({ url }) => url.endsWith("/offline/about"));
	return await Promise.all(keys.map(async key => (await cache.match(key)).json()));
}

async function moduleOf({ module, integrity }) {
	const answer = await caches.match(module) ?? await fetch(module, { integrity });
	if (!answer.ok)
		throw new Error("What reads it could not be fetched. Try again later.");
	return (await WebAssembly.instantiate(await answer.arrayBuffer())).instance.exports;
}

async function openCopy(about) {
	const key = packPath(about);
	if (opened.key === key)
		return opened.x;
	const cache = await caches.open(COPIES), x = await moduleOf(about);
	const bytes = async path => new Uint8Array(await (await cache.match(path)).arrayBuffer());
	const pack = await bytes(key);
	put(x, x.packRoom(pack.length), pack);
	const index = await bytes(indexPath(about));
	put(x, x.indexRoom(index.length), index);
	const { name, description, visibility, branch, commit, when, depth, css, icon } = about;
	const all = [name, description, visibility, branch, commit, Math.floor(when / 1000), depth, css, icon, location.origin];
	const facts = new TextEncoder().encode(all.map(fact => `${fact}\0`).join(""));
	put(x, x.begin(facts.length), facts);
	if (!x.open(facts.length))
		throw new Error(new TextDecoder().decode(output(x)));
	return Object.assign(opened, { key, x }).x;
}

async function fromCopy(url) {
	const { pathname, search } = new URL(url), about = await aboutOf(pathname.split("/")[1]);
	if (!about)
		return null;
	try {
		const x = await openCopy(about), now = Math.floor(Date.now() / 1000);
		const ask = new TextEncoder().encode(`${pathname}\0${search.slice(1)}\0${now}`);
		put(x, x.begin(ask.length), ask);
		const status = x.page(ask.length), html = output(x);
		if (status === 303)
			return Response.redirect(new URL(new TextDecoder().decode(html), location.origin), 303);
		return new Response(html, { status, headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": COPY_POLICY } });
	} catch {
		Object.assign(opened, { key: "", x: null });
		return null;
	}
}

// Its length is told, and the bytes come as they come.
async function download(url, tell) {
	const answer = await fetch(url, { headers: { Accept: "*/*" } });
	const refusals = {
		404: "Its branch has moved on. Load this page again, and keep it then.",
		413: "It is too large to be kept: its newest commit alone is over the limit. Clone it with git instead.",
		429: "That was too much at once. Try again in a minute.",
	};
	if (!answer.ok)
		throw new Error(refusals[answer.status] ?? `The server cannot give it now (${answer.status}). Try again later.`);
	const size = Number(answer.headers.get("Content-Length")), pack = new Uint8Array(size), reader = answer.body.getReader();
	let got = 0;
	for (let part = await reader.read(); !part.done; part = await reader.read()) {
		pack.set(part.value, got);
		got += part.value.length;
		tell({ got, size });
	}
	if (got !== size)
		throw new Error("It broke off. Try again.");
	return { pack, depth: Number(answer.headers.get("Nimbus-Depth")) };
}

async function keepCopy(said, tell) {
	const { pack, depth } = await download(packPath(said), tell);
	const about = { ...said, depth, size: pack.length, when: Date.now() }, x = await moduleOf(about);
	put(x, x.packRoom(pack.length), pack);
	if (!x.makeIndex(about.commit.length === 64 ? 2 : 1))
		throw new Error(`What came is damaged: ${new TextDecoder().decode(output(x))}`);
	const index = output(x);
	await forget(about.name);
	const cache = await caches.open(COPIES);
	await cache.put(about.module, await fetch(about.module, { integrity: about.integrity }));
	await cache.addAll([about.css, about.icon]);
	await cache.put(packPath(about), new Response(pack));
	await cache.put(indexPath(about), new Response(index));
	await cache.put(aboutPath(about.name), new Response(JSON.stringify(about)));
	return about;
}

// With the last copy go the files that all of them need.
async function forget(name) {
	const cache = await caches.open(COPIES), mine = key => new URL(key.url).pathname.startsWith(`/${name}/offline/`);
	await Promise.all((await cache.keys()).filter(mine).map(key => cache.delete(key)));
	if (opened.key.startsWith(`/${name}/`))
		Object.assign(opened, { key: "", x: null });
	if (!(await copies()).length)
		await caches.delete(COPIES);
	return null;
}

const checked = new Map();

// What may not be read any more is not kept any more.
async function check(name) {
	checked.set(name, Date.now());
	const answer = await fetch(`/api/v1/repos/${name}`, { headers: { Accept: "application/json" } });
	if ([401, 403, 404].includes(answer.status))
		await forget(name);
}

async function checkAll() {
	for (const { name } of await copies())
		if (Date.now() - (checked.get(name) ?? 0) > CHECKED_FOR)
			await check(name);
}

async function checkRefused(url) {
	const name = new URL(url).pathname.split("/")[1];
	if (await aboutOf(name))
		await check(name);
}

async function offline() {
	const [cache, files, whole] = [await caches.open(KEPT), await caches.open(FILES), await copies()];
	const css = whole[0]?.css ?? (await files.keys()).findLast(({ url }) => url.includes("/assets/nimbus.css?"))?.url ?? "";
	const pages = (await cache.keys()).map(({ url }) => url).filter(isPinned).reverse();
	const items = pages.map(url => {
		const { pathname, search } = new URL(url);
		let words = pathname + search;
		try {
			words = decodeURI(words);
		} catch { /* it is no text: shown as it stands */ }
		return `<li><a href="${text(pathname + search)}">${text(words)}</a></li>`;
	});
	const list = items.length ? `<p>These pages were kept when you saw them, and never change:</p><ul>${items.join("")}</ul>`
		: "<p>Pages that name a commit by its id are kept when you see them. There is none yet.</p>";
	const copied = whole.map(({ name, branch }) => `<li><a href="/${text(name)}">${text(name)}</a>, ${text(branch)}</li>`);
	const repositories = copied.length ? `<p>These repositories are kept as a whole:</p><ul>${copied.join("")}</ul>` : "";
	return new Response(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>You are offline · Nimbus Git</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${text(css)}"></head><body><main id="@main"><h1>You are offline</h1><section class="card pad">
<p>The server cannot be reached, and this page changes, so that it is not kept.</p>${repositories}${list}</section></main></body></html>`,
	{ status: 503, headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY } });
}

async function page(event) {
	const { url } = event.request;
	try {
		const answer = await event.preloadResponse ?? await fetch(event.request);
		if (isPinned(url))
			event.waitUntil(keep(url, answer.clone()));
		if ([401, 403, 404].includes(answer.status))
			event.waitUntil(checkRefused(url));
		return answer;
	} catch {
		return await kept(url) ?? await fromCopy(url) ?? await offline();
	}
}

// Their addresses change with their content.
async function file(event) {
	const cache = await caches.open(FILES), here = await caches.match(event.request);
	if (here)
		return here;
	const answer = await fetch(event.request);
	if (answer.ok) {
		await cache.put(event.request, answer.clone());
		await trim(cache, FILES_MOST);
	}
	return answer;
}

async function belongTo(account, url) {
	const cache = await caches.open(KEPT), owner = await cache.match(OWNER);
	if (await owner?.text() !== account) {
		await Promise.all([caches.delete(KEPT), caches.delete(COPIES)]);
		Object.assign(opened, { key: "", x: null });
		await (await caches.open(KEPT)).put(OWNER, new Response(account));
	}
	if (url && isPinned(url))
		await keep(url, await fetch(url, { headers: { Accept: "text/html" } }));
}

// Pages tell whose they are, and ask about copies: those get an answer, and while one is fetched, how far it is.
async function hear({ data, ports: [port] }) {
	await belongTo(data.account, data.url);
	if (!port)
		return await checkAll();
	const tell = words => port.postMessage(words);
	try {
		if (data.keep)
			tell({ about: await keepCopy(data.keep, tell) });
		else
			tell({ about: data.forget ? await forget(data.forget) : await aboutOf(data.about) });
	} catch (error) {
		tell({ failed: error.name === "QuotaExceededError" ? "This browser has no room for it." : error.message });
	}
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => {
	event.waitUntil(Promise.all([self.clients.claim(), self.registration.navigationPreload?.enable()]));
});
self.addEventListener("message", event => event.waitUntil(hear(event)));
self.addEventListener("fetch", event => {
	const url = new URL(event.request.url);
	if (event.request.method !== "GET" || url.origin !== location.origin)
		return;
	if (event.request.mode === "navigate")
		event.respondWith(page(event));
	else if (url.pathname.startsWith("/assets/") && url.search)
		event.respondWith(file(event));
});
