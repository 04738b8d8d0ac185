"""docs/security.md has every point of the standard's level 2, once, and each test that it names is there."""

from harness import *

POINTS = """
2.1.1 2.1.2 2.1.3 2.1.4 2.1.5 2.1.6 2.1.7 2.1.8 2.1.9 2.1.10 2.1.11 2.1.12 2.2.1 2.2.2 2.2.3 2.3.1 2.3.2 2.3.3
2.4.1 2.4.2 2.4.3 2.4.4 2.4.5 2.5.1 2.5.2 2.5.3 2.5.4 2.5.5 2.5.6 2.5.7 2.6.1 2.6.2 2.6.3 2.7.1 2.7.2 2.7.3 2.7.4
2.7.5 2.7.6 2.8.1 2.8.2 2.8.3 2.8.4 2.8.5 2.8.6 2.8.7 2.9.1 2.9.2 2.9.3 2.10.1 2.10.2 2.10.3 2.10.4
3.1.1 3.2.1 3.2.2 3.2.3 3.2.4 3.3.1 3.3.2 3.3.3 3.3.4 3.4.1 3.4.2 3.4.3 3.4.4 3.4.5 3.5.1 3.5.2 3.5.3 3.7.1
4.1.1 4.1.2 4.1.3 4.1.5 4.2.1 4.2.2 4.3.1 4.3.2 4.3.3
""".split()


def rows():
    for line in (ROOT / "docs/security.md").read_text().splitlines():
        if match := re.match(r"\| ([0-9.]+) \| (.*) \| (.*) \|$", line):
            yield match.groups()


def source_of(test):
    found = [path for path in (ROOT / f"tests/{test}.py", ROOT / f"tests/{test}.c") if path.exists()]
    return found[0].read_text() if found else fail(f"there is no tests/{test}")


def test_each_point_is_there_once():
    eq([point for point, _, _ in rows()], POINTS, "points")


def test_each_point_has_a_test_that_there_is_or_a_reason():
    for point, what, held in rows():
        if held.startswith("–"):
            if "*Reason" not in what and "does not apply" not in held:
                fail(f"{point} has neither a test nor a reason")
            continue
        for one in held.split("; "):
            match = re.fullmatch(r"`([a-z_0-9/]+)`( [a-z_0-9]+)?", one)
            if not match:
                fail(f"{point}: {one!r} is no test")
            source = source_of(match[1])
            if match[2] and not re.search(rf"\b(def|void){match[2]}\(", source):
                fail(f"{point}: {match[1]} has no{match[2]}")


main()
