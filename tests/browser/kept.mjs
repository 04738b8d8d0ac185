// Does offline.wasm draw what this machine draws? kept.mjs MODULE FOLDER: all.pack there, of `facts`; to each N.in the
// answer is N.out, with N.status. The index that it makes is all.idx.
import { readFileSync, readdirSync } from "node:fs";

const [path, folder] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(path));
if (WebAssembly.Module.imports(module).length)
	throw new Error(`it imports ${JSON.stringify(WebAssembly.Module.imports(module))}`);
const { exports: x } = new WebAssembly.Instance(module);

function put(at, bytes) {
	new Uint8Array(x.memory.buffer).set(bytes, at);
}

const out = () => Buffer.from(x.memory.buffer, x.out(), x.outLength());
const read = name => readFileSync(`${folder}/${name}`);

const pack = read("all.pack"), idx = read("all.idx"), facts = read("facts");
put(x.packRoom(pack.length), pack);
if (!x.makeIndex(1))
	throw new Error(`it cannot index the pack: ${out()}`);
if (!out().equals(idx))
	throw new Error("its index is another one");
put(x.indexRoom(idx.length), idx);
put(x.begin(facts.length), facts);
if (!x.open(facts.length))
	throw new Error(`it cannot open the pack: ${out()}`);
let seen = 0;
for (const name of readdirSync(folder).filter(name => /^\d+\.in$/.test(name))) {
	const input = read(name), want = read(name.replace(/in$/, "out")), status = Number(read(name.replace(/in$/, "status")));
	put(x.begin(input.length), input);
	const answered = x.page(input.length), got = Buffer.from(out());
	if (answered !== status)
		throw new Error(`${input}: ${answered} instead of ${status}: ${got}`);
	if (!got.equals(want)) {
		const differ = got.findIndex((byte, i) => byte !== want[i]);
		throw new Error(`${input}: other bytes from ${differ} on:\n${got.subarray(differ - 80, differ + 80)}\ninstead of\n` +
			want.subarray(differ - 80, differ + 80));
	}
	seen++;
}
console.log(`${seen} the same`);
