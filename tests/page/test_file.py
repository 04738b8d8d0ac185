"""The page of a file, without scripts: its lines, its colours, and what it is where it is no text."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from browsing import *

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d" * 32 + "\nsize 12345678\n"
WAV = b"RIFF" + (36).to_bytes(4, "little") + b"WAVEfmt " + bytes(range(200))
EVIL = "</pre><script>alert(1)</script>"
NOTEBOOK = {"nbformat": 4, "metadata": {"language_info": {"name": "python"}}, "cells": [
    {"cell_type": "markdown", "source": ["# Title\n", "[bad](javascript:alert(1)) ", EVIL]},
    {"cell_type": "code", "execution_count": 7, "source": "def f():\n    return 1\n" + EVIL, "outputs": [
        {"output_type": "stream", "name": "stdout", "text": ["printed\n", EVIL]},
        {"output_type": "display_data", "data": {"text/plain": "<Figure>", "text/html": EVIL}},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[0;31mred\x1b[0m " + EVIL]}]}]}

_shared = None


def server():
    global _shared
    if _shared is None:
        _shared = Nimbus(shared=True)
        _shared.create_repo("files", visibility="public")
        repo = tmp("files")
        git("init", "-q", ".", cwd=repo)
        (repo / "main.c").write_text("#include <a.h>\r\nint main(void)\r\n{\r\n\treturn 17; /* <b> */\r\n}\r\n")
        (repo / "big.psd").write_text(POINTER)
        (repo / "photo.png").write_text(POINTER)
        (repo / "tone.wav").write_bytes(WAV)
        (repo / "film.mp4").write_bytes(bytes(2000))
        (repo / "paper.pdf").write_bytes(b"%PDF-1.4\n" + bytes(2000))
        (repo / "book.ipynb").write_text(json.dumps(NOTEBOOK))
        (repo / "broken.ipynb").write_text("{]")
        (repo / "table.csv").write_text('name,"said ""so""",n\r\na,"x\ny",<b>\r\nonly\r\n')
        (repo / "odd.csv").write_text("no commas\n")
        git("add", "-A", cwd=repo)
        git("commit", "-q", "-m", "All of it", cwd=repo)
        git("push", "-q", _shared.git_url("files"), "HEAD:main", cwd=repo)
        _shared.commit = git("rev-parse", "HEAD", cwd=repo).out.strip()
    return _shared


def page(path):
    return Browser(server()).page(f"/files/blob/main/{path}")


def test_source_is_in_colour_and_reads_as_it_is_written():
    shown = page("main.c")
    has(" ".join(shown.words.split()), "C · 5 lines · 61 bytes")
    has(shown.words, "#include <a.h>\n")
    has(shown.words, "\treturn 17; /* <b> */\n")
    if not (Path.home() / ".cache/nimbus-git/grammars").exists():
        skip("there are no grammars here: ./dev grammars fetches them")
    has(shown.text, '<i class="K">return</i>')
    has(shown.text, '<i class="C">/* &lt;b&gt; */</i>')
    has(Browser(server()).page("/files/blame/main/main.c").text, '<i class="K">return</i>')


def test_lines_are_marked_and_have_an_address_for_ever():
    visitor = Browser(server())
    shown = visitor.page("/files/blob/main/main.c?lines=4-2")
    for number, marked in ((1, False), (2, True), (4, True), (5, False)):
        want = f'<a id="L{number}" href="#L{number}"' + (' aria-current="true">' if marked else ">")
        has(shown.text, want)
    has(shown.links, f"/files/blob/{server().commit}/main.c?lines=2-4#L2")
    answer = visitor.get("/files/blob/main/main.c?mark=2-4")
    eq(answer.status, 303, "status")
    eq(answer.headers["location"], "/files/blob/main/main.c?lines=2-4#L2", "where")
    for odd in ("0", "x", "-", "99999999999", "1-0", "1-2-3", "%00"):
        has_not(visitor.page(f"/files/blob/main/main.c?lines={odd}&mark={odd}").text, 'aria-current="true">')
    has(page("main.c").links, f"/files/blob/{server().commit}/main.c")
    has_not(visitor.page(f"/files/blob/{server().commit}/main.c").words, "Permalink")


def test_a_pointer_of_lfs_says_what_it_stands_for():
    for name in ("big.psd", "photo.png"):
        shown = page(name)
        has(shown.words, "11.7 MiB, is kept by Git LFS")
        has(shown.words, "sha256:4d4d")
        has_not(shown.text, "<img")
        eq(Browser(server()).get(f"/files/raw/main/{name}").headers["content-type"], "text/plain; charset=utf-8", name)


def test_sound_and_film_play_and_the_policy_lets_them():
    for name, tag in (("tone.wav", "audio"), ("film.mp4", "video")):
        shown = page(name)
        has(shown.text, f'<{tag} controls preload="metadata" aria-label="{name}" src="/files/raw/main/{name}">')
        has(shown.answer.headers["content-security-policy"], "media-src 'self'")
    has_not(page("main.c").answer.headers["content-security-policy"], "media-src")


def test_a_document_is_shown_by_the_browsers_own_reader():
    shown = page("paper.pdf")
    has(shown.text, '<object class="pdf" type="application/pdf" aria-label="paper.pdf" data="/files/raw/main/paper.pdf">')
    has(shown.links, "/files/raw/main/paper.pdf")
    has(shown.answer.headers["content-security-policy"], "object-src 'self'; frame-src 'self'")
    for name in ("main.c", "tone.wav"):
        has_not(page(name).answer.headers["content-security-policy"], "frame-src")
    raw = Browser(server()).get("/files/raw/main/paper.pdf")
    eq(raw.headers["content-type"], "application/pdf", "type")
    has_not(raw.headers, "content-disposition")
    has(raw.headers["content-security-policy"], "frame-ancestors 'self'")
    has(Browser(server()).get("/files/raw/main/tone.wav").headers["content-security-policy"], "sandbox")


def test_a_part_of_a_file_can_be_had():
    visitor = Browser(server())
    for asked, status, want, said in (("bytes=0-3", 206, WAV[:4], f"bytes 0-3/{len(WAV)}"),
                                      ("bytes=10-", 206, WAV[10:], f"bytes 10-{len(WAV) - 1}/{len(WAV)}"),
                                      ("bytes=-5", 206, WAV[-5:], f"bytes {len(WAV) - 5}-{len(WAV) - 1}/{len(WAV)}"),
                                      ("bytes=0-1,3-4", 200, WAV, None), ("lines=1", 200, WAV, None),
                                      ("bytes=9999-", 416, None, f"bytes */{len(WAV)}")):
        answer = visitor.get("/files/raw/main/tone.wav", Range=asked)
        eq(answer.status, status, asked)
        eq(answer.headers.get("content-range"), said, asked)
        if want is not None:
            eq(answer.body, want, asked)
    eq(visitor.get("/files/raw/main/tone.wav").headers["accept-ranges"], "bytes", "said")


def test_a_notebook_is_its_cells_and_nothing_runs():
    shown = page("book.ipynb")
    has(shown.words, "[7]")
    for words in ("Title", "printed\n", "red ", "<Figure>", "of type text/html is not shown", EVIL):
        has(shown.words, words)
    has_not(shown.text, "<script>alert")
    has_not(shown.text, "javascript:")
    has(Browser(server()).page("/files/blob/main/book.ipynb?source=1").words, '"cell_type"')
    has(page("broken.ipynb").words, "{]")


def test_records_are_a_table():
    shown = page("table.csv")
    has(shown.text, '<th scope="col">said &quot;so&quot;</th>')
    has(shown.text, "<td>x\ny</td><td>&lt;b&gt;</td>")
    has(shown.text, "<tr><td>only</td><td></td><td></td></tr>")
    has(page("odd.csv").text, '<pre class="lines">')



def test_the_home_shows_which_languages_count():
    server().create_repo("tongues", visibility="public")
    repo = tmp("tongues")
    git("init", "-q", ".", cwd=repo)
    for path, size in (("a.c", 600), ("sub/deep/b.py", 300), ("run.js", 100), ("vendor/x.c", 9000), ("data.json", 9000),
                       ("lib.min.js", 9000), ("made/up.rb", 9000), ("odd.xyz", 0)):
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text("x" * size)
    (repo / ".gitattributes").write_text("made/** linguist-generated\nrun.js linguist-language=Go\n*.txt text\n")
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "All", cwd=repo)
    git("push", "-q", server().git_url("tongues"), "HEAD:main", cwd=repo)
    for _ in range(2):
        shown = " ".join(Browser(server()).page("/tongues").words.split())
        has(shown, "C60.0 %Python30.0 %Go10.0 %")
    has_not(Browser(server()).page("/tongues/tree/main/sub").text, "langs")
    (repo / ".gitattributes").unlink()
    git("commit", "-q", "-am", "No rules", cwd=repo)
    git("push", "-q", server().git_url("tongues"), "HEAD:main", cwd=repo)
    has(" ".join(Browser(server()).page("/tongues").words.split()), "Ruby90.0 %C6.0 %Python3.0 %JavaScript1.0 %")


main()
