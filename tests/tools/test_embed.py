"""tools/embed.c: the bytes that come out of the table are those of the files."""

import hashlib
import string

from harness import *

PRINT = string.Template("""
#include "web/assets.h"
#include <stdio.h>
int main(void)
{
	for (size_t i = 0; i < asset_count; i++) {
		printf("%s %s %zu ", assets[i].path, assets[i].hash, assets[i].len);
		for (size_t k = 0; k < assets[i].len; k++)
			printf("%02x", assets[i].bytes[k]);
		printf("\\n");
	}
	return assets[asset_count].path != 0;
}
""").substitute()


def embedded(files):
    """{path: (hash, bytes)} as a program sees it in which these files are embedded."""
    folder = tmp("embed")
    for name, content in files.items():
        (folder / "web" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "web" / name).write_bytes(content)
    run([BUILD / "embed", folder / "assets.c", *(folder / "web" / name for name in files)])
    (folder / "main.c").write_text(PRINT)
    run([need("gcc"), "-Wall", "-Wextra", "-Werror", "-I", ROOT / "src", folder / "assets.c", folder / "main.c", "-o",
         folder / "main"])
    rows = [line.split(" ") for line in run([folder / "main"]).out.splitlines()]
    for path, _, length, digits in rows:
        eq(len(digits), 2 * int(length), path)
    return [(path, hash, bytes.fromhex(digits)) for path, hash, _, digits in rows]


def test_files_come_out_as_they_went_in_sorted_by_path():
    files = {"app.css": b"a{}\n", "all.bin": bytes(range(256)) * 3, "empty": b"", "a/b.svg": b"<svg/>"}
    # A file is known by its name, wherever it lay.
    want = sorted((Path(path).name, hashlib.sha256(files[path]).hexdigest()[:16], files[path]) for path in files)
    eq(embedded(files), want)


def test_no_files_make_an_empty_table():
    eq(embedded({}), [])


def test_a_missing_file_fails_the_build():
    folder = tmp("embed")
    result = run([BUILD / "embed", folder / "assets.c", folder / "app.css"], check=False)
    eq(result.code, 1)
    has(result.err, "cannot open")


main()
