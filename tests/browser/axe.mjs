// Every page, judged by axe: in light and dark, and whether it fits into 360 pixels.
import { readFileSync } from "node:fs";

function findings(where, result) {
	const bad = result.violations.filter(found => ["serious", "critical"].includes(found.impact));
	return bad.flatMap(found => found.nodes.map(node => `${where}: ${found.id}: ${found.help}: ${node.html.slice(0, 200)}`));
}

const widest = () => {
	const room = document.documentElement.clientWidth;
	if (document.scrollingElement.scrollWidth <= room)
		return null;
	const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > room + 1 || e.scrollWidth > room + 1);
	return wide.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(" | ") || "it";
};

export default async function (browser, { origin, visitors, pages }, Tab, require) {
	const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
	const found = [];
	for (const [who, cookies] of Object.entries(visitors)) {
		const tab = await Tab.open(browser, { origin, cookies });
		for (const { path, status } of pages.filter(page => page.who === who)) {
			const page = await tab.go(path, status);
			await page.evaluate(axe);
			found.push(...findings(path, await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }))));
			await page.emulateMedia({ colorScheme: "dark" });
			const dark = await page.evaluate(() => axe.run(document, { runOnly: ["color-contrast"] }));
			found.push(...findings(`${path} (dark)`, dark));
			await page.emulateMedia({ colorScheme: "light" });
			await page.setViewportSize({ width: 360, height: 800 });
			const wide = await page.evaluate(widest);
			if (wide)
				found.push(`${path}: wider than 360 pixels: ${wide}`);
			await page.setViewportSize({ width: 1200, height: 900 });
		}
		found.push(...tab.complaints);
		await tab.context.close();
	}
	return found;
}
