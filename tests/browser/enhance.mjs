// What the script adds to pages of a repository, and that nothing is missing without it.
import { readFileSync } from "node:fs";

const shown = tab => tab.page.evaluate(() => document.getElementById("@diff").innerHTML);

export default async function (browser, { origin, diff, files, file, cookies = {} }, Tab, require) {
	const found = [];
	const check = (truth, words) => truth || found.push(words);
	const tab = await Tab.open(browser, { origin, cookies }), plain = await Tab.open(browser, { origin, cookies, javascript: false });

	// Each look is drawn here as the server draws it, and without another page.
	const documents = [];
	tab.page.on("request", request => request.isNavigationRequest() && documents.push(request.url()));
	await tab.go(diff);
	await plain.go(diff);
	for (const words of ["Side by side", "No space", "Unified", "Every space", "⋯", "Side by side"]) {
		const link = tab.page.locator("[id='@diff'] a", { hasText: new RegExp(`^${words}$`) }).first();
		const before = tab.page.url();
		if (await link.getAttribute("aria-current"))
			continue;
		await link.click();
		await tab.page.waitForFunction(old => location.href !== old && !document.querySelector("[aria-busy]"), before);
		await plain.page.goto(tab.page.url());
		check(await shown(tab) === await shown(plain), `${words}: not what the server draws`);
		const current = await tab.page.evaluate(() => document.activeElement.textContent);
		check(words === "⋯" || current === words, `${words}: the focus is at ${current}`);
	}
	check(documents.length === 1, `pages were loaded: ${documents}`);
	await tab.page.goBack();
	const last = tab.page.url();
	await plain.page.goto(last);
	await tab.page.waitForFunction(html => document.getElementById("@diff").innerHTML === html, await shown(plain), { timeout: 60000 })
		.catch(() => found.push("going back draws something else"));

	// What a browser has is still good after it asked whether it is: with its policy, scripts and style.
	await tab.page.reload();
	await tab.page.reload();
	await tab.page.locator("button.goto").first().waitFor().catch(() => found.push("after a reload there is no script"));

	// Without scripts the same links lead there.
	await plain.go(diff);
	await plain.page.getByRole("link", { name: "Side by side", exact: true }).click();
	await plain.page.waitForURL(/view=split/);
	check(await plain.page.locator("table.split").count(), "without scripts: nothing is side by side");

	// Without the module too.
	const broken = await Tab.open(browser, { origin, cookies });
	await broken.context.route(/nimbus\.wasm/, route => route.abort());
	await broken.go(diff);
	await broken.page.getByRole("link", { name: "Side by side", exact: true }).click();
	await broken.page.waitForURL(/view=split/);
	await broken.page.waitForLoadState();
	check(await broken.page.locator("table.split").count(), "without the module: nothing is side by side");
	broken.complaints.length = 0;

	// The finder.
	await tab.go(files);
	await tab.page.keyboard.press("t");
	await tab.page.getByRole("option").first().waitFor();
	await tab.page.keyboard.type(file.letters);
	const best = await tab.page.locator("[aria-selected]").textContent();
	check(best === file.path, `${file.letters} finds ${best}`);
	await tab.page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
	const { violations } = await tab.page.evaluate(() => axe.run(document.querySelector("dialog")));
	check(!violations.length, `the finder: ${JSON.stringify(violations.map(v => [v.id, v.nodes.map(n => n.html)]))}`);
	await tab.page.keyboard.type("zzzzzz");
	check(await tab.page.getByText("No path has these letters").isVisible(), "nothing found is not told");
	await tab.page.fill("dialog input", file.letters);
	await tab.page.keyboard.press("ArrowDown");
	await tab.page.keyboard.press("ArrowUp");
	await tab.page.keyboard.press("Enter");
	await tab.page.waitForURL(`**${file.at}`);
	await tab.page.keyboard.press("t");
	await tab.page.getByRole("option").first().waitFor();
	await tab.page.keyboard.press("Escape");
	check(!await tab.page.locator("dialog[open]").count(), "Escape does not close it");
	await tab.page.evaluate(() => document.querySelector("main").insertAdjacentHTML("beforeend", "<b>x</b>")).then(
		() => found.push("markup was made of text"), () => {});
	tab.complaints = tab.complaints.filter(words => !words.includes("TrustedHTML"));
	return [...found, ...tab.complaints, ...plain.complaints, ...broken.complaints];
}
