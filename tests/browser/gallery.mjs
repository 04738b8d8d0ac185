// Takes pictures of pages, and says what no picture may be: blank, or of a page that is wider than its window.
import { writeFileSync } from "node:fs";

const HEIGHTS = { 1200: 900, 360: 760 };

// Within a page of no server, where no policy forbids it to look at an image.
async function shareOfOneColour(bytes) {
	const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))]));
	const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
	canvas.drawImage(bitmap, 0, 0);
	const counts = new Map(), pixels = new Uint32Array(canvas.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
	for (const pixel of pixels)
		counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
	return Math.max(...counts.values()) / pixels.length;
}

const isWide = () => document.scrollingElement.scrollWidth > document.documentElement.clientWidth;

async function take(page, { name, width }) {
	const room = await page.evaluate(() => document.documentElement.scrollHeight);
	const clip = { x: 0, y: 0, width, height: Math.min(room, HEIGHTS[width]) };
	return page.screenshot({ clip, animations: "disabled", path: name });
}

export default async function (browser, { origin, visitors, pictures, folder }, Tab) {
	const found = [], judge = await (await browser.newContext()).newPage();
	for (const [who, cookies] of Object.entries(visitors)) {
		const tab = await Tab.open(browser, { origin, cookies });
		for (const { name, path, status, width, dark } of pictures.filter(picture => picture.who === who)) {
			await tab.page.setViewportSize({ width: 360, height: HEIGHTS[360] });
			await tab.page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
			await tab.go(path, status);
			if (await tab.page.evaluate(isWide))
				found.push(`${path}: wider than 360 pixels`);
			await tab.page.setViewportSize({ width, height: HEIGHTS[width] });
			const picture = await take(tab.page, { width });
			if (await judge.evaluate(shareOfOneColour, picture.toString("base64")) > 0.995)
				found.push(`${path}: its picture is blank`);
			writeFileSync(`${folder}/${name}.png`, picture);
		}
		found.push(...tab.complaints);
		await tab.context.close();
	}
	return found;
}
