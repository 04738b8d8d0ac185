// A repository is kept as a whole: then pages that were never visited are read without a network, until it is forgotten,
// may not be read any more, or one signs out.
import { readFileSync } from "node:fs";

export default async function (browser, { origin, account, guest, name, branch, file, commit, huge, revoke }, Tab, require) {
	const { execFileSync } = require("node:child_process");
	const found = [];
	const check = (truth, what) => truth || found.push(what);
	const tab = await Tab.open(browser, { origin, worker: true }), { page, context } = tab;
	const home = `/${name}`, keep = page.getByRole("button", { name: "Keep offline" }), forget = page.getByRole("button", { name: "Forget" });
	const kept = () => page.evaluate(async () => (await caches.keys()).includes("copies"));
	const lines = () => page.evaluate(() => document.querySelector("pre.lines")?.outerHTML);
	const bannerSays = `Offline copy of ${branch} as of ${commit.slice(0, 10)}, `;

	const accessible = async what => {
		await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
		const { violations } = await page.evaluate(what => axe.run(what), what);
		check(!violations.length, `${page.url()}: ${JSON.stringify(violations.map(v => [v.id, v.nodes.map(n => n.html)]))}`);
	};

	const plain = await Tab.open(browser, { origin, javascript: false });
	await plain.signIn(...account, home);
	check(!await plain.page.getByText("Keep offline").count(), "without scripts it is offered");

	await tab.signIn(...account, home);
	await page.waitForFunction(() => navigator.serviceWorker.controller, null, { timeout: 60000 });
	await keep.click();
	await forget.waitFor({ timeout: 60000 });
	check(/^Kept offline, [0-9]+ KiB$/.test(await page.locator(".keep [role=status]").textContent()), "its size is not told");

	await accessible(".repo");

	// What the server draws of a file in plain text, and of a commit, is what the copy draws.
	await tab.go(`${home}/blob/${branch}/${file.path}`);
	const online = await lines();
	await context.setOffline(true);
	await page.goto(`${origin}${home}/blob/${branch}/${file.path}`);
	check(await page.getByText(bannerSays).isVisible(), "no banner");
	await accessible("html");
	check(online && await lines() === online, "a file is not drawn as the server draws it");
	check(await page.evaluate(() => getComputedStyle(document.querySelector(".bar")).display) === "flex", "no style");
	await page.goto(`${origin}${home}/tree/${branch}/docs`);
	check(await page.getByRole("link", { name: "guide.md", exact: true }).isVisible(), "no folder");
	await page.getByRole("link", { name: "guide.md", exact: true }).click();
	check(await page.getByText("Read me").first().isVisible(), "from the folder no file");
	await page.goto(`${origin}${home}/tree/${branch}/${file.path}`);
	check(page.url() === `${origin}${home}/blob/${branch}/${file.path}`, `a file as a folder leads to ${page.url()}`);
	await page.goto(`${origin}${home}/commits`);
	check(await page.locator("ol.log > li").count() === 2, "no commits");
	await page.locator("ol.log .subject").first().click();
	check(await page.locator("[id='@diff'] table").count(), "no difference");
	await page.goto(`${origin}${home}/commit/${commit}?view=split`);
	check(await page.locator("table.split").count(), "nothing is side by side");
	for (const path of file.hostile) {
		await page.goto(`${origin}${home}/blob/${branch}/${path}`);
		check(await page.getByText(bannerSays).isVisible(), `${path}: no banner`);
	}
	const missing = await page.goto(`${origin}${home}/blob/${branch}/never-there`);
	check(missing.status() === 404 && await page.getByRole("heading", { name: "This is not in the offline copy" }).isVisible(), "what is missing");
	await page.goto(`${origin}/`);
	check(await page.locator(`a[href="${home}"]`).count() === 1, "it is not listed");
	check(!await page.locator("script").count(), "a page of the copy has a script");
	await context.setOffline(false);

	// Forgotten, it is gone; kept again, signing out takes it away.
	await tab.go(home);
	await forget.click();
	await keep.waitFor();
	check(!await kept(), "forgotten, it is there");
	await context.setOffline(true);
	check((await page.goto(`${origin}${home}/blob/${branch}/docs/guide.md`)).status() === 503, "forgotten, it is shown");
	await context.setOffline(false);
	await tab.go(home);
	await keep.click();
	await forget.waitFor({ timeout: 60000 });
	await page.click("form[action='/sign-out'] button");
	await page.waitForURL(/done=signed-out/);
	check(!await kept(), "after signing out it is there");

	// Who loses access loses the copy at the next look.
	const other = await Tab.open(browser, { origin, worker: true });
	await other.signIn(...guest, home);
	await other.page.getByRole("button", { name: "Keep offline" }).click();
	await other.page.getByRole("button", { name: "Forget" }).waitFor({ timeout: 60000 });
	execFileSync(revoke[0], revoke.slice(1));
	await other.page.goto(`${origin}${home}`);
	await other.page.waitForFunction(async () => !(await caches.keys()).includes("copies"), null, { timeout: 60000 })
		.catch(() => found.push("without access it is there"));

	// What is too large says so, and what to do.
	const large = await Tab.open(browser, { origin, worker: true });
	await large.signIn(...account, `/${huge}`);
	await large.page.getByRole("button", { name: "Keep offline" }).click();
	await large.page.getByText("Clone it with git instead.").waitFor({ timeout: 60000 }).catch(() => found.push("too large, and nothing is said"));
	const wanted = /ERR_INTERNET_DISCONNECTED|status of (503|404|413)|WebSocket/;
	return [...found, ...[tab, other, large].flatMap(({ complaints }) => complaints.filter(line => !wanted.test(line)))];
}
