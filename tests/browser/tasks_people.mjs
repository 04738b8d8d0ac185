// What people come to the pages of accounts and of the instance for, done with scripts or without.
import { createHmac } from "node:crypto";
import { Visitor, together } from "./visitor.mjs";

// What a program shows when somebody was at the page that it opened.
const BACK = "<!doctype html><html lang=en><title>Back</title><main><h1>Back</h1></main>";

// RFC 6238, of a secret in base 32.
function codeOf(secret, time) {
	const bits = [...secret.replace(/[\s=]/g, "")].map(c => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
	const key = Buffer.from(bits.match(/.{8}/g).map(byte => parseInt(byte, 2)));
	const counter = Buffer.alloc(8);
	counter.writeBigUInt64BE(BigInt(Math.floor(time / 30000)));
	const hash = createHmac("sha1", key).update(counter).digest();
	return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1000000).padStart(6, "0");
}

async function ofTheOwner(v, { owner, guest, repo, code, authorize }) {
	const { page, tab, go, button, link, fill, see, at, menu } = v, fresh = {};
	const task = (what, steps) => v.task(what, steps);

	await task("prove who one is", async () => {
		await tab.signIn(...owner);
		await go("/prove?next=/account");
		await fill("Your password", owner[1]);
		await button("Go on");
		await at("**/account");
	});
	await task("a token, and its end", async () => {
		await go("/account");
		await fill("What it is for", `ci ${guest}`);
		await button("Make a token");
		await page.locator(".fresh").first().waitFor();
		await button(`Revoke ci ${guest}`);
		await page.waitForURL(/done=/);
		if (await page.getByRole("button", { name: `Revoke ci ${guest}` }).count())
			throw new Error("it is there");
	});
	await task("which ways to sign in there are", async () => {
		await go("/account/identities");
		await link("Change");
		await at("**/account");
	});
	await task("let a device in", async () => {
		await go("/device");
		await fill("The code", code);
		await button("Go on");
		await see("What it may do");
		await button("Let it in");
		await page.waitForURL(url => !url.search.includes("user_code"));
	});
	await task("refuse a program", async () => {
		await page.context().route("http://127.0.0.1:4711/**", route => route.fulfill({ contentType: "text/html", body: BACK }));
		await go(authorize);
		await button("Refuse");
		await at("http://127.0.0.1:4711/back?error=access_denied*");
	});
	await task("invite somebody", async () => {
		await go("/collaborators");
		await page.locator("#invite-name").fill(guest);
		await button("Make a link");
		await see("/invitation/");
		fresh.invitation = new URL(await page.locator(".fresh code").first().textContent()).pathname;
	});
	return fresh;
}

async function ofTheGuest(v, { guest, password }, { invitation }) {
	const { page, tab, go, button, link, fill, see, at } = v, secret = {};
	const task = (what, steps) => v.task(what, steps);

	await task("take up an invitation", async () => {
		await go(invitation);
		await fill("Password", password);
		await button("Make my account");
		await page.waitForURL(url => !url.pathname.startsWith("/invitation"));
		await see(guest);
	});
	await task("set up an app", async () => {
		await go("/account/factors");
		await link("Set up an app");
		await at("**/account/factors/totp");
		secret.app = await page.locator("code.copy").first().textContent();
		await fill("The code that the app shows", codeOf(secret.app, Date.now()));
		await button("It works: ask me for it");
		secret.recovery = await page.locator(".codes code").first().textContent();
	});
	await task("sign in with a second factor", async () => {
		await button("Sign out");
		await go("/sign-in");
		await fill("Username", guest);
		await fill("Password", password);
		await button("Sign in");
		await at("**/sign-in/second*");
		await fill("Code", secret.recovery);
		await page.locator("form[action='/sign-in/second'] button").click();
		await at(url => url.pathname === "/");
	});
	await task("remove the app", async () => {
		await go("/account/factors");
		await button("Remove the app");
		await page.waitForURL(/done=/);
		await link("Set up an app");
	});
}

async function ofTheOwnerAgain(v, { owner, guest, repo }) {
	const { page, tab, go, button, link, fill, see, at } = v, fresh = {};
	const task = (what, steps) => v.task(what, steps);

	await task("give access by name, and take it", async () => {
		await go("/collaborators");
		const form = page.locator("form[action='/collaborators/grants']");
		await form.getByLabel("Who").selectOption(guest);
		await form.getByLabel("Repositories").fill(`${guest}-*`);
		await form.getByRole("button", { name: "Give access" }).click();
		await button(`Remove ${guest}-* from ${guest}`);
		await page.waitForURL(/done=/);
		if (await page.getByRole("button", { name: `Remove ${guest}-*` }).count())
			throw new Error("it is there");
	});
	await task("somebody's ways to sign in", async () => {
		await go("/collaborators");
		await link(`${guest}: ways to sign in`);
		await at(`**/collaborators/${guest}/identities`);
		await link("Back to people");
		await at("**/collaborators");
	});
	await task("reset somebody's password", async () => {
		await button(`Reset password of ${guest}`);
		await see("/new-password/");
		fresh.reset = new URL(await page.locator(".fresh code").first().textContent()).pathname;
	});
	await task("the instance", async () => {
		await go("/admin");
		await see("answers");
		await page.locator("details.group summary").first().click();
		await page.locator("details.group code", { hasText: "NIMBUS_" }).first().waitFor();
	});
	await task("compact a repository", async () => {
		await link("Storage");
		await at("**/admin/storage");
		await button(`Compact now: ${repo}`);
		await at("**/admin/storage?done=compacted");
	});
	await task("look for an event", async () => {
		await link("Events");
		await at("**/admin/events");
		await fill("Repository", repo);
		await page.getByLabel("Type").selectOption("push");
		await button("Search");
		await page.locator("ol.audit li", { hasText: repo }).first().waitFor();
	});
	await task("the webhooks of all", async () => {
		await link("Webhooks");
		await at("**/admin/webhooks");
		await page.locator("li", { hasText: repo }).first().waitFor();
	});
	await task("the audit log", async () => {
		await link("Audit log");
		await at("**/admin/audit");
		await fill("Action", "invitation.accepted");
		await button("Search");
		await at("**/admin/audit?*action=invitation.accepted*");
		await page.locator("ol.audit li", { hasText: guest }).first().waitFor();
	});
	return fresh;
}

async function ofWhoForgot(v, { guest, newPassword }, { reset }) {
	const { page, go, button, fill, see, at } = v;
	const task = (what, steps) => v.task(what, steps);

	await task("choose a new password", async () => {
		await go(reset);
		await fill("New password", newPassword);
		await button("Set it and sign in");
		await page.waitForURL(url => !url.pathname.startsWith("/new-password"));
		await see(guest);
	});
	await task("sign out everywhere", async () => {
		await go("/account/sessions");
		await see("this one");
		await button("Sign out everywhere");
		await at("**/sign-in?done=signed-out-everywhere");
	});
}

export default async function (browser, task, Tab, require) {
	const [owner, guest, forgetful] = await Promise.all([0, 1, 2].map(() => Visitor.open(browser, Tab, task, require)));
	const fresh = await ofTheOwner(owner, task);
	await ofTheGuest(guest, task, fresh);
	const again = await ofTheOwnerAgain(owner, task);
	await ofWhoForgot(forgetful, task, again);
	const isWanted = line => line.startsWith("a request to http://127.0.0.1:4711/back?error=");
	return together([owner.told(isWanted), guest.told(), forgetful.told()]);
}
