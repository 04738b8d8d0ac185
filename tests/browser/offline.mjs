// What was seen and never changes can be read without a network, by who saw it, until they sign out.
export default async function (browser, { origin, account, pinned, other, moving, words }, Tab) {
	const found = [];
	const check = (truth, what) => truth || found.push(what);
	const tab = await Tab.open(browser, { origin, worker: true }), { page, context } = tab;
	const kept = path => page.evaluate(async path => (await caches.keys()).includes("kept") && !!await (await caches.open("kept")).match(path), path);
	const isKept = path => page.waitForFunction(async path => !!await (await caches.open("kept")).match(path), path, { timeout: 60000 });

	await tab.signIn(...account, pinned);
	await page.waitForFunction(() => navigator.serviceWorker.controller, null, { timeout: 60000 });
	await isKept(pinned);
	await tab.go(other);
	await isKept(other);
	await tab.go(moving);
	check(!await kept(moving), "a page that changes is kept");

	await context.setOffline(true);
	for (const path of [pinned, other]) {
		const answer = await page.goto(origin + path);
		check(answer.headers()["content-security-policy"].includes("; img-src 'self' data:;"), `${path}: pictures of other hosts are allowed`);
		check(await page.getByText("You are offline. This page is as it was on").isVisible(), `${path}: no word that one is offline`);
		check(await page.getByText(words).first().isVisible(), `${path}: not what it was`);
		check(await page.evaluate(() => getComputedStyle(document.querySelector(".bar")).display) === "flex", `${path}: no style`);
	}
	const answer = await page.goto(origin + moving);
	check(answer.status() === 503 && await page.getByRole("heading", { name: "You are offline" }).isVisible(), "no page of its own");
	check(await page.locator(`a[href="${pinned}"]`).count() === 1, "what is kept is not listed");
	await page.locator(`a[href="${pinned}"]`).click();
	check(await page.getByText(words).first().isVisible(), "from the list it leads to nothing");
	await context.setOffline(false);

	await page.goto(origin + moving);
	await page.click("form[action='/sign-out'] button");
	await page.waitForURL(/done=signed-out/);
	check(!(await page.evaluate(() => caches.keys())).includes("kept"), "after signing out something is kept");
	await context.setOffline(true);
	await page.goto(origin + pinned).then(answer => check(answer.status() === 503, "it is shown to whoever comes then"), () => {});
	tab.complaints = tab.complaints.filter(line => !/ERR_INTERNET_DISCONNECTED|status of 503|WebSocket/.test(line));
	return [...found, ...tab.complaints];
}
