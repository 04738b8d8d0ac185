// A page that is open changes when somebody pushes, and not under the hands of who writes in it.
import { execFileSync } from "node:child_process";


// As behind something in between that does not know it.
const noWebSocket = () => {
	window.WebSocket = class extends EventTarget {
		constructor() {
			super();
			setTimeout(() => this.dispatchEvent(new CloseEvent("close", { code: 1006 })));
		}
	};
};

export default async function (browser, { origin, path, pushes, words, field, webSocket }, Tab) {
	const found = [], tab = await Tab.open(browser, { origin });
	if (!webSocket)
		await tab.context.addInitScript(noWebSocket);
	const opened = webSocket ? new Promise(resolve => tab.page.on("websocket", socket => socket.on("framereceived", resolve)))
		: tab.page.waitForResponse(answer => answer.url().includes("/api/v1/live?topic="));
	await tab.go(path);
	await opened;
	const push = ([command, ...more]) => execFileSync(command, more, { stdio: "pipe" });
	const documents = [];
	tab.page.on("request", request => request.isNavigationRequest() && documents.push(request.url()));

	push(pushes[0]);
	await tab.page.getByText(words[0]).first().waitFor({ timeout: 60000 }).catch(() => found.push("nothing new is shown"));
	await tab.page.locator("button.goto").first().waitFor();
	if (await tab.page.locator("button.goto").count() !== 1)
		found.push("the new page has no finder, or two");
	await tab.page.keyboard.press("t");
	await tab.page.getByRole("option").first().waitFor();
	await tab.page.keyboard.type(field);
	push(pushes[1]);
	await tab.page.getByText("This page has changed").waitFor({ timeout: 60000 }).catch(() => found.push("no word of the change"));
	if (await tab.page.locator("dialog input").inputValue() !== field)
		found.push("what was written is gone");
	if (await tab.page.getByText(words[1]).count())
		found.push("it changed under somebody's hands");
	await tab.page.keyboard.press("Escape");
	if (documents.length)
		found.push(`pages were loaded: ${documents}`);
	await tab.page.getByRole("link", { name: "Load it again" }).click();
	await tab.page.getByText(words[1]).first().waitFor({ timeout: 60000 }).catch(() => found.push("loaded again it is not new"));
	return [...found, ...tab.complaints];
}
