// Nothing but a keyboard: on each page Tab comes to all that can be used, one sees where one is, and what one comes for can be done.
const MOST = 150;

// What Tab should come to: of radio buttons with one name to one, and to nothing that is folded away or out of sight on purpose. And in how
// many stops, of which a date has several.
const usable = () => {
	const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
	const isUsable = e => !e.disabled && e.type !== "hidden" && e.tabIndex >= 0 && e.checkVisibility({ visibilityProperty: true });
	const groups = new Map(all.filter(e => e.type === "radio").map(e => [e.name + [...document.forms].indexOf(e.form), e]));
	const chosen = e => e.type !== "radio" || e.checked || groups.get(e.name + [...document.forms].indexOf(e.form)) === e &&
		!document.querySelector(`[type=radio][name="${e.name}"]:checked`);
	window.usable = all.filter(e => isUsable(e) && chosen(e));
	return { all: window.usable.length, stops: window.usable.length + 7 * window.usable.filter(e => e.type?.startsWith("date")).length };
};

const focused = () => {
	const e = document.activeElement;
	if (e === document.body)
		return null;
	const { outlineStyle, outlineWidth } = getComputedStyle(e), { bottom, top, width } = e.getBoundingClientRect();
	// Within a date it is one of its parts that has the focus, and shows it.
	const seen = e.type?.startsWith("date") || outlineStyle !== "none" && parseFloat(outlineWidth) > 0 && width > 1 && bottom > 0 && top < innerHeight;
	return { index: window.usable?.indexOf(e) ?? -1, seen, words: (e.ariaLabel ?? (e.textContent.trim() || e.name)).slice(0, 60) };
};

async function walk(tab, path, status) {
	const page = await tab.go(path, status), found = [], reached = new Set();
	const { all, stops } = await page.evaluate(usable);
	await page.evaluate(() => document.activeElement.blur());
	for (let i = 0; i < Math.min(stops, MOST) + 3; i++) {
		await page.keyboard.press("Tab");
		const at = await page.evaluate(focused);
		if (!at)
			continue;
		reached.add(at.index);
		if (!at.seen)
			found.push(`${path}: one does not see that the focus is at "${at.words}"`);
	}
	const missed = await page.evaluate(reached => window.usable.filter((_, i) => !reached.includes(i)).map(e => e.outerHTML.slice(0, 100)), [...reached]);
	if (stops <= MOST)
		found.push(...missed.map(html => `${path}: Tab does not come to ${html}`));
	else if (reached.size < MOST / 8)
		found.push(`${path}: Tab comes to ${reached.size} of ${all} alone`);
	return [...new Set(found)];
}

async function tabTo(page, words, most = 80) {
	for (let i = 0; i < most; i++) {
		await page.keyboard.press("Tab");
		const at = await page.evaluate(focused);
		if (at?.words === words)
			return;
	}
	throw new Error(`Tab does not come to "${words}" at ${page.url()}`);
}

async function work(tab, [username, password], name) {
	const { page } = tab, { keyboard } = page;
	const go = async (words, pattern) => {
		await tabTo(page, words);
		await keyboard.press("Enter");
		await page.waitForURL(pattern);
	};
	await tab.go(`/sign-in?next=/${name}`);
	await keyboard.type(username);
	await keyboard.press("Tab");
	await keyboard.type(password);
	await keyboard.press("Enter");
	await page.waitForURL(url => url.pathname === `/${name}`);
	await page.evaluate(() => document.activeElement.blur());
	await go("Skip to the content", /#@main$/);
	await tabTo(page, "Add");
	await keyboard.press("Enter");
	await go("New file", `**/${name}/new/main`);
	await page.locator("[name=path]").focus();
	await keyboard.type("by-keyboard.txt");
	await keyboard.press("Tab");
	await keyboard.type("typed");
	await tabTo(page, "Commit");
	await keyboard.press("Enter");
	await page.waitForURL(`**/blob/main/by-keyboard.txt*`);
	await page.getByText("typed").first().waitFor();
	await go("Blame", "**/blame/main/by-keyboard.txt");
}

export default async function (browser, { origin, visitors, pages, account, name }, Tab) {
	const found = [], tabs = [];
	for (const [who, cookies] of Object.entries(visitors)) {
		const tab = await Tab.open(browser, { origin, cookies });
		tabs.push(tab);
		for (const { path, status } of pages.filter(page => page.who === who))
			found.push(...await walk(tab, path, status));
	}
	const worker = await Tab.open(browser, { origin });
	tabs.push(worker);
	await work(worker, account, name).catch(error => found.push(`what one comes for: ${error.message}`));
	return [...found, ...tabs.flatMap(({ complaints }) => complaints)];
}
