// clone|fetch|push as tests/wire/test_clients.py asks for them, by isomorphic-git (npm).

import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_PATH + "/");
const git = require("isomorphic-git");
const http = require("isomorphic-git/http/node");

const [verb, url, dir, username, password, ...what] = process.argv.slice(2);
const author = { name: "Ada Tester", email: "ada@example.com" };
const common = {
	fs,
	http,
	dir,
	url,
	onAuth: () => ({ username, password }),
	onAuthFailure: () => ({ cancel: true }),
};

if (verb === "clone") {
	await git.clone({ ...common, depth: what[0] ? Number(what[0]) : undefined });
} else if (verb === "fetch") {
	await git.pull({ ...common, ref: "main", author });
} else if (verb === "push") {
	for (const spec of what) {
		const [ref, remoteRef] = spec.split(":");
		const result = await git.push({
			...common,
			remote: "origin",
			ref: ref || undefined,
			remoteRef,
			delete: ref === "",
		});
		if (!result.ok)
			throw new Error(JSON.stringify(result));
	}
}
