// Keeps the pages that were visited and never change (they name a commit by its id), and shows them when the network is gone.
// What is kept belongs to one account: pages tell whose they are, and the server has all of it cleared on signing in and out.
"use strict";

const KEPT = "kept", FILES = "files", OWNER = "/kept-for";
const PAGES_MOST = 200, PAGE_LONGEST = 1 << 20, FILES_MOST = 20;
const PINNED = /^\/[^/]+\/(tree|blob|blame|commit|commits)\/([0-9a-f]{40}|[0-9a-f]{64})(\/|$)/;
const POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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

async function kept(url) {
	const answer = await (await caches.open(KEPT)).match(url);
	if (!answer)
		return null;
	const when = new Date(answer.headers.get("X-Kept")).toLocaleString("en", { dateStyle: "long", timeStyle: "short" });
	const note = `<p class="note" role="status">You are offline. This page is as it was on ${text(when)}.</p>`;
	const page = (await answer.text()).replace("<main id=\"@main\">", found => found + note);
	return new Response(page, { headers: answer.headers });
}

async function offline() {
	const [cache, files] = [await caches.open(KEPT), await caches.open(FILES)];
	const css = (await files.keys()).findLast(({ url }) => url.includes("/assets/nimbus.css?"))?.url ?? "";
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
	return new Response(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>You are offline · Nimbus Git</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="${text(css)}"></head><body><main id="@main"><h1>You are offline</h1><section class="card pad">
<p>The server cannot be reached, and this page changes, so that it is not kept.</p>${list}</section></main></body></html>`,
	{ status: 503, headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY } });
}

async function page(event) {
	const { url } = event.request;
	try {
		const answer = await event.preloadResponse ?? await fetch(event.request);
		if (isPinned(url))
			event.waitUntil(keep(url, answer.clone()));
		return answer;
	} catch {
		return await kept(url) ?? await offline();
	}
}

// Their addresses change with their content.
async function file(event) {
	const cache = await caches.open(FILES), here = await cache.match(event.request);
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
		await caches.delete(KEPT);
		await (await caches.open(KEPT)).put(OWNER, new Response(account));
	}
	if (url && isPinned(url))
		await keep(url, await fetch(url, { headers: { Accept: "text/html" } }));
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => {
	event.waitUntil(Promise.all([self.clients.claim(), self.registration.navigationPreload?.enable()]));
});
self.addEventListener("message", event => event.waitUntil(belongTo(event.data.account, event.data.url)));
self.addEventListener("fetch", event => {
	const url = new URL(event.request.url);
	if (event.request.method !== "GET" || url.origin !== location.origin)
		return;
	if (event.request.mode === "navigate")
		event.respondWith(page(event));
	else if (url.pathname.startsWith("/assets/") && url.search)
		event.respondWith(file(event));
});
