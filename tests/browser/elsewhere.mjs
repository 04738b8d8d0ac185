// Looks at pages from top to bottom, so that what is loaded lazily is loaded too, and at a preview in the editor. `named`: hosts
// from which pictures may come, `told`: what each page must say of those from others.
async function look(page) {
	await page.evaluate(async () => {
		for (let y = 0; y < document.documentElement.scrollHeight; y += 300) {
			scrollTo(0, y);
			await new Promise(done => setTimeout(done, 20));
		}
	});
	await page.waitForFunction(() => [...document.images].every(image => image.complete), null, { timeout: 10000 });
}

export default async function (browser, { origin, cookies, pages, edit, markdown, named, told }, Tab) {
	const found = [], sources = ["'self'", "data:", ...named.map(host => `https://${host}`)].join(" ");
	const tab = await Tab.open(browser, { origin, cookies, trusting: true }), { page } = tab;
	const check = (truth, what) => truth || found.push(`${page.url()}: ${what}`);
	const judge = async answer => {
		await look(page);
		const policy = answer.headers()["content-security-policy"];
		check(policy.includes(`; img-src ${sources};`), `its policy is ${policy}`);
		for (const words of told)
			check(await page.getByTitle(words, { exact: true }).first().isVisible(), `it does not say "${words}"`);
		const shown = await page.evaluate(() => [...document.querySelectorAll(".prose img")].map(({ src, naturalWidth }) => ({ src, naturalWidth })));
		const far = shown.filter(({ src }) => !src.startsWith(`${origin}/`));
		check(far.every(({ src }) => named.includes(new URL(src).host)), `it shows ${JSON.stringify(far)}`);
		const unseen = far.filter(({ src, naturalWidth }) => !naturalWidth && !src.endsWith("/moved"));
		check(!unseen.length, `pictures that may be shown are not: ${JSON.stringify(unseen)}`);
		check(far.length > 0 === named.length > 0, `it has ${far.length} pictures of other hosts`);
	};
	for (const path of pages)
		await judge(await page.goto(origin + path));
	await page.goto(origin + edit);
	await page.fill("textarea[name=text]", markdown);
	const [answer] = await Promise.all([page.waitForResponse(answer => answer.request().method() === "POST"), page.click("button[value=preview]")]);
	await judge(answer);
	const asked = tab.requests.filter(url => !url.startsWith(`${origin}/`) && !url.startsWith("data:"));
	check(asked.every(url => named.includes(new URL(url).host)), `it asked for ${asked}`);
	found.push(...tab.complaints.filter(line => !named.some(host => line.startsWith(`a request to https://${host}/`))));
	return found;
}
