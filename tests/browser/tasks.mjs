// What people come to each page for, done with scripts or without: the same links, labels and buttons.
export default async function (browser, { origin, owner, javascript, name, push }, Tab) {
	const found = [], tab = await Tab.open(browser, { origin, javascript });
	const { page } = tab;
	page.setDefaultTimeout(15000);
	const button = (label, exact = true) => page.getByRole("button", { name: label, exact }).first().click();
	const link = (label, exact = true) => page.getByRole("link", { name: label, exact }).first().click();
	const fill = (label, value) => page.getByLabel(label).first().fill(value);
	const see = words => page.getByText(words).first().waitFor();
	const at = pattern => page.waitForURL(pattern);
	const task = async (what, steps) => {
		try {
			await steps();
		} catch (error) {
			found.push(`${what}: at ${page.url()}: ${error.message.split("\n").slice(0, 6).join(" ")}`);
		}
	};

	await task("sign in", () => tab.signIn(...owner));
	await task("make a repository", async () => {
		await tab.go("/new");
		await fill("Name", name);
		await fill(/^Description/, "Made in a browser");
		await button("Create repository");
		await at(`**/${name}`);
		await see("There is nothing here yet");
	});
	await (await import("node:child_process")).execFileSync(push[0], push.slice(1), { stdio: "pipe" });
	await task("find it", async () => {
		await tab.go(`/?q=${name}`);
		await link(name);
		await at(`**/${name}`);
	});
	await task("read a folder and a file", async () => {
		await tab.go(`/${name}`);
		await link("docs");
		await at("**/tree/main/docs");
		await link("guide.md");
		await at("**/blob/main/docs/guide.md");
		await link("Raw");
		await see("# Read me");
	});
	await task("blame and a file's history", async () => {
		await tab.go(`/${name}/blob/main/docs/guide.md`);
		await link("Blame");
		await at("**/blame/main/docs/guide.md");
		await tab.go(`/${name}/blob/main/docs/guide.md`);
		await link("History");
		await at("**/commits/main/docs/guide.md");
	});
	await task("another branch", async () => {
		await tab.go(`/${name}`);
		await page.locator("summary", { hasText: "main" }).first().click();
		await page.locator(".drop a").filter({ hasText: /^x\// }).first().click();
		await at("**/tree/x/**");
	});
	await task("a commit, side by side", async () => {
		await tab.go(`/${name}/commits`);
		await page.locator(".log .subject, .log a").first().click();
		await at("**/commit/**");
		await link("Side by side");
		await page.locator("table.split").first().waitFor();
	});
	await task("compare", async () => {
		await tab.go(`/${name}/compare`);
		await page.locator("[name=base]").fill("main");
		await page.locator("[name=head]").fill("main");
		await button("Compare");
		await see("are the same commit");
	});
	await task("search in it", async () => {
		await tab.go(`/${name}/search`);
		await page.locator("main [name=q]").first().fill("changed");
		await page.locator("main [name=q]").first().press("Enter");
		await see("changed");
	});
	await task("change a file", async () => {
		await tab.go(`/${name}/edit/main/docs/guide.md`);
		await fill("Text of the file", "# Changed in a browser\n");
		await fill("Message", "Change the guide");
		await page.locator("button[value=commit]").click();
		await see("Changed in a browser");
		await tab.go(`/${name}/commits`);
		await see("Change the guide");
	});
	await task("a new file", async () => {
		await tab.go(`/${name}/new/main`);
		await page.locator("[name=path]").fill("docs/new.txt");
		await fill("Text of the file", "new text\n");
		await page.locator("button[value=commit]").click();
		await see("new text");
	});
	await task("describe it", async () => {
		await tab.go(`/${name}/settings`);
		await fill("Description", "Described again");
		await button("Save");
		await see("Saved.");
		await see("Described again");
	});
	await task("protect a branch", async () => {
		await tab.go(`/${name}/settings`);
		await page.locator("summary", { hasText: "Add a rule" }).click();
		await page.getByLabel("Branches or tags").last().fill("release/*");
		await page.getByRole("button", { name: "Protect", exact: true }).last().click();
		await see("Rules changed.");
	});
	await task("a token", async () => {
		await tab.go("/account");
		await page.locator("form[action='/account/tokens'] [name=name]").fill(`ci ${name}`);
		await page.locator("form[action='/account/tokens'] button:not([type=button])").last().click();
		await page.locator(".fresh").first().waitFor();
	});
	await task("invite somebody", async () => {
		await tab.go("/collaborators");
		await fill("Username", `guest-${name}`);
		await button("Make a link");
		await see("/invitation/");
	});
	await task("the audit log", async () => {
		await tab.go("/admin/audit?action=sign-in");
		await see("sign-in");
	});
	await task("delete it", async () => {
		await tab.go(`/${name}/settings`);
		await fill("The repository's name", name);
		await button("Delete it");
		await see("The repository is deleted");
	});
	await task("sign out", async () => {
		await button("Sign out");
		await see("You are signed out.");
	});
	return [...found, ...tab.complaints];
}
