"""The lint finds what it says that it finds: each rule is broken once, in a tree that is otherwise clean."""

import shutil
import sys

from harness import *

CLEAN_HEADER = "#ifndef GIT_THING_H\n#define GIT_THING_H\n\nint thing(int a);\n\n#endif\n"
CLEAN_SOURCE = '#include "git/thing.h"\n\n#include "base/str.h"\n\nint thing(int a)\n{\n\treturn a;\n}\n'


def lint(**files):
    """Lints a tree with these files ("src__git__thing_c" is src/git/thing.c) on top of the clean one."""
    root = tmp("tree")
    tree = {"src/git/thing.h": CLEAN_HEADER, "src/git/thing.c": CLEAN_SOURCE}
    tree.update({name.replace("__", "/").replace("_c", ".c").replace("_h", ".h"): text for name, text in files.items()})
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "tools").mkdir(exist_ok=True)
    shutil.copy(ROOT / "tools/layers.txt", root / "tools/layers.txt")
    return run([sys.executable, ROOT / "tools/lint", "--root", root], check=False)


def refused(place, rule, **files):
    """The lint fails, with exactly one violation: that of `rule` at `place`."""
    result = lint(**files)
    eq(result.code, 1, "exit code")
    eq(len(result.out.splitlines()), 1, f"violations in {result.out!r}")
    has(result.out, f"{place}: {rule}: ")


def with_line(line):
    return CLEAN_SOURCE.replace("\treturn a;", f"\t{line}\n\treturn a;")


def with_include(line):
    return CLEAN_SOURCE.replace('#include "base/str.h"', line)


def test_a_clean_tree_passes():
    result = lint()
    eq((result.code, result.out), (0, ""))


def test_a_comparison_that_tells_of_a_secret():
    for line in ["if (str_eq(cred->secret, ours))", "if (memcmp(signature.at, ours.at, 32) == 0)",
                 "if (strcmp(password, given) == 0)", "if (str_is(r->csrf, ours))"]:
        refused("src/git/thing.c:7", "secret", src__git__thing_c=with_line(line))
    for line in ["if (str_eq_secret(cred->secret, ours))", 'if (str_is(password, "-"))', "if (str_eq(secrets, ours))"]:
        eq(lint(src__git__thing_c=with_line(line)).out, "", line)


def test_an_include_against_the_direction():
    refused("src/git/thing.c:3", "include rule", src__git__thing_c=with_include('#include "core/push.h"'))
    refused("src/git/thing.c:3", "include rule", src__git__thing_c=with_include('#include "os/file.h"'))


def test_a_system_header_in_the_portable_half():
    refused("src/git/thing.c:3", "include rule", src__git__thing_c=with_include("#include <stdio.h>"))
    eq(lint(src__git__thing_c=with_include("#include <stdint.h>")).code, 0)
    eq(lint(src__os__file_c="#include <stdio.h>\n").code, 0)


def test_an_include_without_its_folder():
    refused("src/git/thing.c:3", "include rule", src__git__thing_c=with_include('#include "odb.h"'))


def test_a_folder_that_nobody_described():
    refused("src/misc/a.c:1", "include rule", src__misc__a_c="int a;\n")


def test_another_header_first():
    refused("src/git/thing.c:1", "own header first",
            src__git__thing_c=CLEAN_SOURCE.replace('#include "git/thing.h"\n\n', ""))


def test_a_wrong_header_guard():
    refused("src/git/thing.h:1", "header guard", src__git__thing_h=CLEAN_HEADER.replace("GIT_THING_H", "THING_H"))


def test_a_long_function():
    body = "\ta++;\n"
    eq(lint(src__git__thing_c=CLEAN_SOURCE.replace("\treturn a;", body * 66 + "\treturn a;")).code, 0)
    refused("src/git/thing.c:5", "function length",
            src__git__thing_c=CLEAN_SOURCE.replace("\treturn a;", body * 67 + "\treturn a;"))


def test_a_long_file_and_a_long_header():
    refused("src/git/thing.c:801", "file length", src__git__thing_c=CLEAN_SOURCE + "\n" * (801 - CLEAN_SOURCE.count("\n")))
    refused("src/git/thing.h:201", "header length",
            src__git__thing_h=CLEAN_HEADER + "\n" * (201 - CLEAN_HEADER.count("\n")))


def test_deep_nesting():
    four = "if (a)\n\t\tif (a)\n\t\t\tif (a)\n\t\t\t\tif (a)\n\t\t\t\t\t"
    eq(lint(src__git__thing_c=with_line(four + "a++;")).code, 0)
    refused("src/git/thing.c:11", "nesting", src__git__thing_c=with_line(four + "if (a)\n\t\t\t\t\t\ta++;"))


def test_many_parameters():
    six = CLEAN_SOURCE.replace("(int a)", "(int a, int b, int c,\n\tint d, int e, int (*f)(int, int))")
    eq(lint(src__git__thing_c=six).code, 0)
    refused("src/git/thing.c:5", "parameters", src__git__thing_c=six.replace("int b,", "int b, int g,"))


def test_a_goto():
    refused("src/git/thing.c:7", "goto", src__git__thing_c=with_line("goto out;"))


def test_forbidden_calls():
    for call in ("strcpy(a, b)", "sprintf(a, b)", "system(a)", "alloca(a)", "strcat (a, b)"):
        refused("src/git/thing.c:7", "forbidden call", src__git__thing_c=with_line(f"{call};"))
        refused("src/os/file.c:3", "forbidden call", src__os__file_c=f"void f(void)\n{{\n\t{call};\n}}\n")


def test_libc_in_the_portable_half():
    refused("src/git/thing.c:7", "portable half", src__git__thing_c=with_line("free(malloc_like);"))
    refused("src/git/thing.c:7", "portable half", src__git__thing_c=with_line("int *b = malloc(a);"))
    eq(lint(src__os__file_c="void f(void)\n{\n\tfree(malloc(3));\n}\n").code, 0)


def test_unfinished_work():
    word = "TO" + "DO"
    refused("src/git/thing.c:7", "unfinished", src__git__thing_c=with_line(f"/* {word}: all of it */"))
    refused("tests/page/test_x.py:1", "unfinished", **{"tests__page__test_x.py": f"# {word}\n"})


def test_what_is_in_comments_and_strings_does_not_count():
    eq(lint(src__git__thing_c=with_line('/* goto is bad, free() too */ (void)"strcpy(a, b); goto x";')).code, 0)
    eq(lint(src__git__thing_c=with_line("// malloc(3)\n\t/*\n\t * goto\n\t */")).code, 0)


def test_a_typedef_of_a_struct():
    refused("src/git/thing.c:9", "typedef", src__git__thing_c=CLEAN_SOURCE + "typedef struct a a;\n")


main()
