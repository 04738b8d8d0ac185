"""Differences as pages: side by side, white space, context, one file alone, images, and what is too long."""

import html
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060"
                      "000000050001a5f645400000000049454e44ae426082")

_shared = None


def stood():
    """A server and a work tree whose repository is pushed as r."""
    global _shared
    if _shared is None:
        _shared = Nimbus(shared=True), make_repo(commits=3)
        _shared[0].create_repo("r", visibility="public")
    return _shared


def pushed(message="Change", branch="main"):
    """Commits all that is in the work tree; the id."""
    server, repo = stood()
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", message, cwd=repo)
    git("push", "-q", server.git_url("r"), branch, cwd=repo)
    return git("rev-parse", "HEAD", cwd=repo).out.strip()


def page(path, status=200):
    return Browser(stood()[0]).page(path, status)


def squeezed(text):
    return re.sub(r"\s+", " ", text).replace(" >", ">")


def changed(text):
    """The lines of a page in unified view, as git writes them."""
    rows = re.findall(r'<td class="s">([−+]?)</td><td class="c">(.*?)</td>', text)
    return [{"−": "-", "+": "+", "": " "}[sign] + html.unescape(re.sub("</?mark>", "", line))
            for sign, line in rows if not line.startswith("@@")]


def by_git(*args):
    """The lines of git's hunks."""
    out, inside = [], False
    for line in git(*args, cwd=stood()[1]).out.split("\n"):
        inside = (inside or line.startswith("@@")) and not line.startswith("diff ")
        if inside and line[:1] in ("-", "+", " "):
            out.append(line)
    return out


def test_white_space_counts_as_one_wishes():
    _, repo = stood()
    lines = [f"line {i} of it" for i in range(40)]
    (repo / "w.txt").write_text("\n".join(lines) + "\n")
    pushed()
    lines[3] = "\tline  3 of it"
    lines[20] += "  \t"
    lines[30] = "another"
    (repo / "w.txt").write_text("\n".join(lines) + "\n")
    id = pushed()
    for query, options in (("", []), ("?w=1", ["-w"]), ("?w=end", ["--ignore-space-at-eol"]), ("?w=nonsense", []),
                           ("?context=10", ["-U10"]), ("?context=25&w=1", ["-U25", "-w"]), ("?context=x", [])):
        want = by_git("show", "--format=", *options, id)
        eq(changed(page(f"/r/commit/{id}{query}").text), want, query)
    (repo / "w.txt").write_text("\n\n".join(lines).replace("\n\n", "\n \n"))
    pushed()
    (repo / "w.txt").write_text("\n\n".join(lines))
    only = page(f"/r/commit/{pushed()}?w=1")
    has(only.words, "Only white space changed.")
    has(only.links, "?view=unified")


def test_side_by_side_has_old_and_new_in_one_row():
    _, repo = stood()
    (repo / "s.txt").write_text("".join(f"{i}\n" for i in range(10)))
    pushed()
    (repo / "s.txt").write_text("0\none\n2\n3\n4\n4b\n6\n7\n8\n9")
    id = pushed()
    text = page(f"/r/commit/{id}?view=split").text
    cell = r'<td class="n( \w+)?">(\d*)</td><td class="c(?: \w+)?">(.*?)</td>'
    rows = [tuple(part or "" for part in row) for row in re.findall(f"<tr>{cell}{cell}</tr>", text)]
    has(rows, (" del", "2", "1", " add", "2", "one"))
    has(rows, (" del", "6", "5", " add", "6", "4b"))
    has(rows, ("", "1", "0", "", "1", "0"))
    has(text, "no newline at the end of the file")
    has_not(page(f"/r/commit/{id}").text, "table class=\"code split\"")


def test_more_is_shown_around_a_change_by_a_link():
    _, repo = stood()
    (repo / "m.txt").write_text("".join(f"{i}\n" for i in range(100)))
    pushed()
    (repo / "m.txt").write_text("".join(f"{i}\n" if i != 50 else "fifty\n" for i in range(100)))
    id = pushed()
    first = page(f"/r/commit/{id}")
    eq(len(changed(first.text)), 8, "lines at first")
    more = next(link for link in first.links if "context=25" in link)
    eq(more, "?view=unified&context=25#f0", "the link")
    eq(len(changed(page(f"/r/commit/{id}{more.partition('#')[0]}").text)), 52, "lines then")
    eq(len(changed(page(f"/r/commit/{id}?context=100000").text)), 101, "all lines")


def test_many_files_are_named_and_each_is_shown_alone():
    _, repo = stood()
    (repo / "many").mkdir()
    for i in range(130):
        (repo / f"many/{i:03} <b>.txt").write_text(f"{i}\n")
    id = pushed()
    all = page(f"/r/commit/{id}")
    eq(all.text.count('<section class="card diff"'), 110, "files shown")
    eq(all.words.count("Not compared here."), 10, "not compared")
    has(all.words, "20 more files are named above")
    link = next(link for link in all.links if link.endswith("file=many%2F129%20%3Cb%3E.txt"))
    alone = page(f"/r/commit/{id}{link}")
    eq(changed(alone.text), ["+129"], "the file alone")
    has(alone.links, "?view=unified")
    has(page(f"/r/commit/{id}?file=nothing").words, "Nothing changed in nothing.")


def test_a_long_file_is_folded_and_in_parts():
    _, repo = stood()
    (repo / "long.txt").write_text("".join(f"{i}\n" for i in range(700)))
    id = pushed()
    text = page(f"/r/commit/{id}").text
    has(squeezed(text), 'id="f0"><details><summary class="cap"><h3 class="path">long.txt')
    eq(text.count('<div class="scroll part full"'), 2, "whole parts")
    eq(text.count('<div class="scroll part"'), 1, "the rest")
    has(squeezed(page(f"/r/commit/{id}?file=long.txt").text), 'id="f0"><details open>')
    (repo / "too-long.txt").write_text("".join(f"{i}\n" for i in range(9000)))
    id = pushed()
    has(squeezed(page(f"/r/commit/{id}").words), "Too long to show here. Show this file alone")
    eq(len(changed(page(f"/r/commit/{id}?file=too-long.txt").text)), 9000, "lines alone")


def test_images_stand_side_by_side():
    _, repo = stood()
    (repo / "p <1>.png").write_bytes(PIXEL)
    (repo / "gone.png").write_bytes(PIXEL + b"2")
    old = pushed()
    (repo / "p <1>.png").write_bytes(PIXEL + b"1")
    (repo / "gone.png").unlink()
    new = pushed()
    text = page(f"/r/commit/{new}").text
    has(text, f'<img loading="lazy" src="/r/raw/{old}/p%20%3C1%3E.png" alt="p &lt;1&gt;.png, before">')
    has(text, f'<img loading="lazy" src="/r/raw/{new}/p%20%3C1%3E.png" alt="p &lt;1&gt;.png, after">')
    has(text, f'src="/r/raw/{old}/gone.png"')
    has_not(text, f'src="/r/raw/{new}/gone.png"')


def test_a_pointer_of_git_lfs_is_said_to_be_one():
    _, repo = stood()
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
    (repo / "kept.png").write_text(pointer.format("ab" * 32, 1234))
    pushed()
    (repo / "kept.png").write_text(pointer.format("cd" * 32, 4321))
    at = page(f"/r/commit/{pushed()}")
    has(at.words, "Git LFS keeps this file elsewhere")
    has(changed(at.text), "+size 4321")
    has_not(at.text, "<img")


def test_two_dots_show_how_two_revisions_differ():
    _, repo = stood()
    git("checkout", "-q", "-b", "side", "HEAD~1", cwd=repo)
    (repo / "side.txt").write_text("side\n")
    pushed("On the side", "side")
    parted, now = page("/r/compare/main...side"), page("/r/compare/main..side")
    eq(parted.text.count('<section class="card diff"'), 1, "since they parted")
    want = len(git("diff", "--name-only", "main..side", cwd=repo).out.split("\n")) - 1
    eq(now.text.count('<section class="card diff"'), want, "now")
    has(squeezed(now.text), '<option value=".." selected>')
    has(now.links, "/r/compare/side..main")
    has(parted.links, "/r/compare/side...main")
    answer = Browser(stood()[0]).get("/r/compare?base=main&head=side&dots=..")
    eq(answer.headers["location"], "/r/compare/main..side", "address")
    git("checkout", "-q", "main", cwd=repo)


main()
