// What a browser that was never here gets over the network for a page: the page and all that comes with it.
export default async function (browser, { origin, visitors, pages }, Tab) {
	const weights = [];
	for (const { who, path, status } of pages) {
		const tab = await Tab.open(browser, { origin, cookies: visitors[who] }), cdp = await tab.context.newCDPSession(tab.page);
		const names = new Map();
		let bytes = 0, requests = 0;
		await cdp.send("Network.enable");
		cdp.on("Network.requestWillBeSent", ({ requestId, request }) => names.set(requestId, request.url));
		cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
			if (names.get(requestId)?.startsWith(origin)) {
				bytes += encodedDataLength;
				requests++;
			}
		});
		await tab.go(path, status);
		await tab.page.waitForLoadState("networkidle");
		weights.push({ path, bytes, requests });
		await tab.context.close();
	}
	return weights;
}
