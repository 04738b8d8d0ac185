// Who does tasks: by the words of links, labels and buttons, with scripts or without. What cannot be done is kept in `found`, and
// where scripts run, what axe has against the page at which a task ends.
import { readFileSync } from "node:fs";

export class Visitor {
	static async open(browser, Tab, { origin, javascript }, require) {
		const visitor = new Visitor(), tab = await Tab.open(browser, { origin, javascript }), { page } = tab;
		page.setDefaultTimeout(60000);
		return Object.assign(visitor, {
			tab, page, found: [],
			axe: javascript ? readFileSync(require.resolve("axe-core/axe.min.js"), "utf8") : "",
		});
	}

	go = (path, status = 200) => this.tab.go(path, status);
	button = (label, exact = true) => this.page.getByRole("button", { name: label, exact }).first().click();
	link = (label, exact = true) => this.page.getByRole("link", { name: label, exact }).first().click();
	fill = (label, value) => this.page.getByLabel(label).first().fill(value);
	see = words => this.page.getByText(words).first().waitFor();
	at = pattern => this.page.waitForURL(pattern);
	menu = words => this.page.locator("summary", { hasText: words }).first().click();

	async #judge(what) {
		// A file as it is lies in a sandbox, in which axe does not run.
		if (await this.page.evaluate(() => document.contentType) !== "text/html")
			return;
		await this.page.evaluate(this.axe);
		const { violations } = await this.page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
		const bad = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
		this.found.push(...bad.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${what}: ${id}: ${html.slice(0, 200)}`)));
	}

	async task(what, steps) {
		try {
			await steps(this);
			if (this.axe)
				await this.#judge(what);
		} catch (error) {
			this.found.push(`${what}: at ${this.page.url()}: ${error.message.split("\n").slice(0, 6).join(" ")}`);
		}
	}

	/** What is wrong, and which pages it was at. */
	told(isWanted = () => false) {
		const paths = this.tab.requests.filter(url => url.startsWith(`${this.tab.origin}/`)).map(url => new URL(url).pathname);
		return { found: [...this.found, ...this.tab.complaints.filter(line => !isWanted(line))], paths: [...new Set(paths)] };
	}
}

/** What several of them found. */
export function together(told) {
	return { found: told.flatMap(({ found }) => found), paths: [...new Set(told.flatMap(({ paths }) => paths))] };
}
