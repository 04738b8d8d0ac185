// A real browser by playwright-core: visit.mjs MODULES CHROMIUM SCRIPT. What SCRIPT is to do comes as JSON on standard
// input; what it found goes as JSON to standard output. tests/visiting.py is who calls.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [modules, chromium, script] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium: driver } = require("playwright-core");

// What playwright itself says where it keeps service workers away, also from pages in a sandbox.
const BY_THE_DRIVER = /Service Worker registration blocked by Playwright|Service worker is disabled because the context is sandboxed/;

/**
 * A tab with cookies of its own. What its console, its policies and its network complain about is kept in `complaints`,
 * what it asked for in `requests`.
 */
export class Tab {
	constructor(context, origin) {
		Object.assign(this, { context, origin, complaints: [], requests: [], refused: new Set() });
	}

	static async open(browser, { origin, cookies = {}, javascript = true, width = 1200, dark = false, worker = false, trusting = false }) {
		const context = await browser.newContext({
			javaScriptEnabled: javascript,
			viewport: { width, height: 900 },
			colorScheme: dark ? "dark" : "light",
			reducedMotion: "reduce",
			serviceWorkers: worker ? "allow" : "block",
			ignoreHTTPSErrors: trusting,
		});
		const tab = new Tab(context, origin);
		await context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: origin })));
		context.on("request", request => tab.#asked(request.url()));
		context.on("weberror", error => BY_THE_DRIVER.test(error.error()) || tab.complaints.push(`an exception: ${error.error()}`));
		context.on("console", message => tab.#said(message));
		context.on("dialog", dialog => {
			tab.complaints.push(`a dialog: ${dialog.message()}`);
			return dialog.dismiss();
		});
		tab.page = await context.newPage();
		tab.page.setDefaultTimeout(60000);
		return tab;
	}

	#asked(url) {
		this.requests.push(url);
		if (!url.startsWith(`${this.origin}/`) && !url.startsWith("data:") && !url.startsWith("blob:"))
			this.complaints.push(`a request to ${url}`);
	}

	#said(message) {
		// A browser complains of every answer over 399, though it be the one that was wanted.
		const refused = message.text().startsWith("Failed to load resource") && this.refused.has(message.location().url);
		if (["error", "warning", "assert"].includes(message.type()) && !refused && !BY_THE_DRIVER.test(message.text()))
			this.complaints.push(`${this.page.url()}: ${message.type()}: ${message.text()}`);
	}

	/** Goes to a path of the server, which must answer with that status. */
	async go(path, status = 200) {
		if (status > 399)
			this.refused.add(this.origin + path);
		const answer = await this.page.goto(this.origin + path);
		if (answer.status() !== status)
			this.complaints.push(`${path}: status ${answer.status()} instead of ${status}`);
		return this.page;
	}

	async signIn(username, password, next = "/") {
		const page = await this.go(`/sign-in?next=${encodeURIComponent(next)}`);
		await page.fill("[name=username]", username);
		await page.fill("[name=password]", password);
		await page.click("form[action='/sign-in'] button");
		await page.waitForURL(`${this.origin}${next}`);
		return page;
	}
}

const task = JSON.parse(readFileSync(0, "utf8"));
const { default: run } = await import(new URL(`${script}.mjs`, import.meta.url));
const browser = await driver.launch({
	executablePath: chromium,
	args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", ...task.args ?? []],
});
try {
	process.stdout.write(JSON.stringify(await run(browser, task, Tab, require)));
} finally {
	await browser.close();
}
