// What people come to each page of a repository for, done with scripts or without: the same links, labels and buttons.
import { execFileSync } from "node:child_process";
import { Visitor } from "./visitor.mjs";

export default async function (browser, { origin, owner, javascript, name, tag, push }, Tab, require) {
	const visitor = await Visitor.open(browser, Tab, { origin, javascript }, require);
	const { page, tab, go, button, link, fill, see, at, menu } = visitor;
	const task = (what, steps) => visitor.task(what, steps);

	await task("sign in", () => tab.signIn(...owner));
	await task("make a repository", async () => {
		await go("/new");
		await fill("Name", name);
		await fill(/^Description/, "Made in a browser");
		await button("Create repository");
		await at(`**/${name}`);
		await see("There is nothing here yet");
	});
	execFileSync(push[0], push.slice(1), { stdio: "pipe" });
	await task("find it", async () => {
		await go("/");
		await fill("Name or description", name.toUpperCase());
		await page.getByLabel("Order").selectOption("name");
		await button("Show");
		await link(name);
		await at(`**/${name}`);
	});
	await task("read a folder and a file", async () => {
		await go(`/${name}`);
		await link("docs");
		await at("**/tree/main/docs");
		await link("guide.md");
		await at("**/blob/main/docs/guide.md");
		await link("Raw");
		await see("# Read me");
	});
	await task("mark lines, and link to them for ever", async () => {
		await go(`/${name}/blob/main/docs/guide.md?source=1`);
		await fill("Lines", "3-5");
		await button("Mark");
		await at("**/guide.md?lines=3-5#L3");
		await link("Permalink");
		await at(/\/blob\/[0-9a-f]{40}\/docs\/guide.md\?lines=3-5#L3$/);
		if (await page.locator("[aria-current=true]").count() !== 3)
			throw new Error("not three lines are marked");
	});
	await task("blame and a file's history", async () => {
		await go(`/${name}/blob/main/docs/guide.md`);
		await link("Blame");
		await at("**/blame/main/docs/guide.md");
		await go(`/${name}/blob/main/docs/guide.md`);
		await link("History");
		await at("**/commits/main/docs/guide.md");
	});
	await task("another branch", async () => {
		await go(`/${name}`);
		await menu("main");
		await page.locator(".drop a").filter({ hasText: /^x\// }).first().click();
		await at("**/tree/x/**");
	});
	await task("a commit by who wrote it", async () => {
		await go(`/${name}/commits`);
		await menu("Search");
		await fill("Author's name or address", "nobody-of-that-name");
		await button("Search");
		await see("No commit is like that.");
		await menu("Search");
		await fill("Author's name or address", "alert(");
		await button("Search");
		await at("**/commits/main?author=*");
		await page.locator("ol.log .subject").first().waitFor();
	});
	await task("a commit, side by side", async () => {
		await go(`/${name}/commits`);
		await page.locator(".log .subject, .log a").first().click();
		await at("**/commit/**");
		await link("Side by side");
		await page.locator("table.split").first().waitFor();
	});
	await task("search in it", async () => {
		await go(`/${name}/search`);
		await page.locator("main [name=q]").first().fill("changed");
		await page.locator("main [name=q]").first().press("Enter");
		await see("changed");
		await at(`**/${name}/search/main?q=changed*`);
		await page.locator("mark").first().waitFor();
	});
	await task("change a file", async () => {
		await go(`/${name}/edit/main/docs/guide.md`);
		await fill("Text of the file", "# Changed in a browser\n");
		await button("Preview");
		await page.getByRole("heading", { name: "Changed in a browser" }).waitFor();
		await fill("Message", "Change the guide");
		await page.locator("button[value=commit]").click();
		await see("Changed in a browser");
		await go(`/${name}/commits`);
		await see("Change the guide");
	});
	await task("a new file, on a new branch", async () => {
		await go(`/${name}/new/main`);
		await page.locator("[name=path]").fill("docs/new.txt");
		await fill("Text of the file", "new text\n");
		await page.getByLabel("To a new branch").check();
		await fill("Name of the new branch", "topic");
		await page.locator("button[value=commit]").click();
		await see("new text");
	});
	await task("compare two branches", async () => {
		await go(`/${name}/compare`);
		await page.locator("[name=base]").fill("main");
		await page.locator("[name=head]").fill("topic");
		await button("Compare");
		await at("**/compare/main...topic");
		await see("docs/new.txt");
		await see("new text");
	});
	await task("upload a file", async () => {
		await go(`/${name}/upload/main/docs`);
		await page.locator("[name=file]").setInputFiles({ name: "sent.txt", mimeType: "text/plain", buffer: Buffer.from("sent from here\n") });
		await page.locator("button[value=commit]").click();
		await page.waitForURL(url => !url.pathname.includes("/upload/"));
		await go(`/${name}/blob/main/docs/sent.txt`);
		await see("sent from here");
	});
	await task("delete a file", async () => {
		await go(`/${name}/blob/main/docs/sent.txt`);
		await link("Delete");
		await at("**/delete/main/docs/sent.txt");
		await button("Delete it");
		await page.waitForURL(url => !url.pathname.includes("/delete/"));
		await go(`/${name}/blob/main/docs/sent.txt`, 404);
	});
	await task("delete a branch", async () => {
		await go(`/${name}/refs?q=topic`);
		await link("Delete topic");
		await see("Delete the branch topic?");
		await button("Delete it");
		await at("**/refs?done=removed");
		await go(`/${name}/refs?q=topic`);
		await see("None has that in its name.");
	});
	await task("who did what", async () => {
		await go(`/${name}`);
		await link("Activity");
		await at("**/activity");
		await see("deleted the branch");
	});
	await task("bring it back by the time machine", async () => {
		await go(`/${name}/history?gone=1`);
		await page.getByRole("button", { name: /^Bring it back: topic/ }).click();
		await page.waitForURL(/\/history\?.*done=/);
		await go(`/${name}/blob/topic/docs/new.txt`);
		await see("new text");
	});
	await task("a release", async () => {
		await go(`/${name}/releases`);
		await link(tag);
		await at("**/releases/*");
		if (await page.getByRole("link", { name: "tar.gz" }).count() !== 1)
			throw new Error("no archive");
	});
	await task("a token to clone it by", async () => {
		await go(`/${name}/clone`);
		await button("to read");
		await page.locator(".fresh").first().waitFor();
		execFileSync("git", ["ls-remote", "-q", (await page.locator(".fresh pre").first().textContent()).trim().split(" ").pop()],
			{ stdio: "pipe", env: { PATH: process.env.PATH, GIT_TERMINAL_PROMPT: "0" } });
	});
	await task("describe it", async () => {
		await go(`/${name}/settings`);
		await fill("Description", "Described again");
		await button("Save");
		await see("Saved.");
		await see("Described again");
	});
	await task("protect a branch", async () => {
		await go(`/${name}/settings`);
		await menu("Add a rule");
		await page.getByLabel("Branches or tags").last().fill("release/*");
		await page.getByRole("button", { name: "Protect", exact: true }).last().click();
		await see("Rules changed.");
	});
	await task("set up a webhook, and have it pinged", async () => {
		await go(`/${name}/settings`);
		await link("Set them up");
		await at("**/settings/webhooks");
		await see("There is none yet");
		await fill("Address", "http://127.0.0.1/hook");
		await page.getByRole("checkbox", { name: /^push/ }).check();
		await button("Add it");
		if (!/^whsec_/.test(await page.locator(".fresh code").first().textContent()))
			throw new Error("no secret");
		await link("http://127.0.0.1/hook");
		await at("**/settings/webhooks/*");
		await button("Send a ping");
		await see("A ping is on its way");
		for (let tries = 0; await page.getByText("failing").count() === 0 && tries < 60; tries++) {
			await page.waitForTimeout(500);
			await page.reload();
		}
		await button(/^Send again: event \d+$/, false);
		await see("It is sent again");
		await button("Switch it off");
		await see("While it is off it misses what happens");
		await button("Delete it");
		await at("**/settings/webhooks?done=removed");
	});
	await task("delete it", async () => {
		await go(`/${name}/settings`);
		await fill("The repository's name", name);
		await button("Delete it");
		await see("The repository is deleted");
	});
	await task("restore it", async () => {
		await go("/admin/deleted");
		const row = page.locator("li", { hasText: name });
		await row.getByRole("button", { name: "Restore", exact: true }).click();
		await page.waitForURL(url => url.pathname !== "/admin/deleted" || url.search);
		await go(`/${name}`);
	});
	await task("sign out", async () => {
		await button("Sign out");
		await see("You are signed out.");
	});
	return visitor.told();
}
