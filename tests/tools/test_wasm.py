"""The wasm32 proof proves something: a call of the system fails the link with its name."""

from harness import *


def clang():
    for version in (14, 19):
        if shutil.which(f"clang-{version}") and shutil.which(f"wasm-ld-{version}"):
            return f"clang-{version}", f"wasm-ld-{version}"
    skip("neither clang-14 nor clang-19 with lld is installed")


def link(source):
    compiler, linker = clang()
    folder = tmp("wasm")
    (folder / "a.c").write_text(source)
    run([compiler, "--target=wasm32-unknown-unknown", "-ffreestanding", "-nostdlibinc", "-I", ROOT / "src", "-isystem",
         ROOT / "tools/wasm/include", "-c", folder / "a.c", "-o", folder / "a.o"])
    return run([ROOT / "tools/wasm/link", linker, folder / "a.wasm", folder / "a.o"], check=False)


def test_what_the_host_gives_links():
    result = link('#include "base/host.h"\nvoid *f(void);\nvoid *f(void) { return host_alloc(1); }\n')
    eq((result.code, result.err), (0, ""))


def test_a_system_call_fails_with_its_name():
    for name in ("read", "malloc", "pthread_mutex_lock", "time", "printf"):
        result = link(f"int {name}(int);\nint f(void);\nint f(void) {{ return {name}(0); }}\n")
        eq(result.code, 1, "exit code")
        has(result.err, f"undefined symbol: {name}")


def test_an_unused_function_is_judged_too():
    has(link("int read(int);\nstatic int f(void) { return read(0); }\nint (*g)(void) = f;\n").err, "symbol: read")


def test_every_allowed_import_is_declared_in_base():
    headers = "".join(path.read_text() for path in (ROOT / "src/base").glob("*.h"))
    for name in (ROOT / "tools/wasm/imports.txt").read_text().split():
        has(headers, f" {name}(" if f" {name}(" in headers else f"*{name}(", "the headers of base/")


main()
