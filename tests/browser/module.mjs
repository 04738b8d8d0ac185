// Does nimbus.wasm draw what the server draws? module.mjs MODULE FOLDER: of each N.in there the call of N.call gives N.out.
import { readFileSync, readdirSync } from "node:fs";

const [path, folder] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(path));
if (WebAssembly.Module.imports(module).length)
	throw new Error(`it imports ${JSON.stringify(WebAssembly.Module.imports(module))}`);
const { exports: x } = new WebAssembly.Instance(module);

function put(at, bytes) {
	new Uint8Array(x.memory.buffer).set(bytes, at);
}

let seen = 0;
for (const name of readdirSync(folder).filter(name => name.endsWith(".in"))) {
	const read = end => readFileSync(`${folder}/${name.replace(/in$/, end)}`);
	const [input, want, call] = [read("in"), read("out"), read("call").toString().split(" ")];
	if (call[0] === "find")
		put(x.paths(read("paths").length), read("paths"));
	const at = x.begin(input.length);
	put(at, input);
	x[call[0]](input.length, Number(call[1]));
	const from = x.out(), got = Buffer.from(x.memory.buffer, from, x.outLength());
	if (!got.equals(want)) {
		const differ = got.findIndex((byte, i) => byte !== want[i]);
		throw new Error(`${name}: ${call[0]}: other bytes from ${differ} on:\n${got.subarray(differ - 80, differ + 80)}\n` +
			`instead of\n${want.subarray(differ - 80, differ + 80)}`);
	}
	seen++;
}
if (x.memory.buffer.byteLength > 64 << 20)
	throw new Error(`it took ${x.memory.buffer.byteLength} bytes`);
console.log(`${seen} the same`);
