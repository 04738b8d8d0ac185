// Files that a browser has something of its own for: sound plays, a document is read on its page, and nothing in them runs.

// A script that the sandbox stops is told of in the console.
const STOPPED = /Blocked script execution|violates the following Content Security Policy directive|sandboxed and the 'allow-scripts'/;

// Chromium's reader of PDF is an extension, with files of its own.
const READER = /chrome(-extension|-untrusted)?:\/\//;

export default async function (browser, { origin, sound, document: pdf, raw }, Tab) {
	const found = [], tab = await Tab.open(browser, { origin }), { page } = tab;
	const check = (truth, what) => truth || found.push(what);

	await tab.go(sound.path);
	const audio = page.locator("audio");
	await audio.evaluate(e => e.readyState >= 1 || new Promise(done => e.addEventListener("loadedmetadata", done)));
	check(Math.abs(await audio.evaluate(e => e.duration) - sound.seconds) < 0.1, "the sound has another length");
	await audio.evaluate((e, at) => new Promise(done => {
		e.addEventListener("seeked", done, { once: true });
		e.currentTime = at;
	}), sound.seconds / 2);
	check(Math.abs(await audio.evaluate(e => e.currentTime) - sound.seconds / 2) < 0.1, "it cannot be sought in");

	await tab.go(pdf);
	const box = await page.locator("object.pdf").boundingBox();
	check(box.width > 600 && box.height > 600, `the document has ${box.width} x ${box.height}`);
	await page.waitForTimeout(500);
	check(!await page.getByText("Your browser shows no PDF").isVisible(), "no reader shows the document");
	check(tab.requests.some(url => READER.test(url)), "no reader was started");

	for (const path of raw) {
		await page.goto(origin + path).catch(error => {
			if (!/Download is starting|ERR_ABORTED/.test(error.message))
				found.push(`${path}: ${error.message}`);
		});
		await page.waitForTimeout(100);
	}
	return [...found, ...tab.complaints.filter(line => !STOPPED.test(line) && !READER.test(line))];
}
