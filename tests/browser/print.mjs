// Pages on paper: what is for a screen alone is not there, and nothing is cut off.
const A4 = { width: 718, height: 1047 }; // between margins of a centimetre

const cut = () => [...document.querySelectorAll("main *")]
	.filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth && ["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX))
	.filter(e => !e.closest(".hide, .msg, svg") && getComputedStyle(e).textOverflow !== "ellipsis")
	.map(e => e.outerHTML.slice(0, 100));

export default async function (browser, { origin, paths }, Tab) {
	const found = [], tab = await Tab.open(browser, { origin, dark: true }), { page } = tab;
	await page.setViewportSize(A4);
	await page.emulateMedia({ media: "print", colorScheme: "dark" });
	for (const path of paths) {
		await tab.go(path);
		for (const what of [".bar nav", ".tabs", "footer", "main button", "main select", ".pages"])
			if (await page.locator(what).locator("visible=true").count())
				found.push(`${path}: ${what} is printed`);
		const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
		if (wide > A4.width)
			found.push(`${path}: ${wide} pixels are wider than paper`);
		found.push(...(await page.evaluate(cut)).map(html => `${path}: cut off: ${html}`));
		const [ink, paper] = await page.evaluate(() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]);
		if (ink.match(/\d+/g).some(part => part > 100) || !/0\)$|255, 255, 255\)$/.test(paper))
			found.push(`${path}: ${ink} on ${paper}, though the screen is dark`);
	}
	return [...found, ...tab.complaints];
}
