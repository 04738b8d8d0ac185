"""A repository whose every part wants to run a script, or to look like what it is not."""

from harness import *

SCRIPT = "<script>alert('run')</script>"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">{SCRIPT}</svg>'
README = f"""# Read me {SCRIPT}

[a](javascript:alert(1)) <a href="javascript:alert(2)">b</a> <img src=drawing.svg onerror=alert(3)> ![d](drawing.svg)

<iframe src="page.html"></iframe><svg onload=alert(4)></svg><details open ontoggle=alert(5)>x</details>

![far](https://tracker.example.net/a.png) ![](//tracker.example.net/b) [![build](https://badge.example.com/c.svg)](docs/guide.md)
<img src="https://tracker.example.net/d?{SCRIPT}" alt="pixel" srcset="https://tracker.example.net/e 2x" width=1>

[ref]: javascript:alert(6)
[c][ref] `{SCRIPT}` <style>*{{display:none}}</style>

- [ ] a task {SCRIPT}

| {SCRIPT} | b |
|---|---|
| 1 | 2 |
"""
NAMES = [f"{SCRIPT[:-9]}.js", "\"><img src=x onerror=alert(7)>.md", "' onmouseover='alert(8).c", "\u202egpj.exe", "a\nb.txt"]
BRANCH, TAG = "x/<img-src=x-onerror=alert(1)>", "v1\"<b>"


def hostile_repo():
    """Two commits on main, a branch and a tag."""
    repo = tmp("hostile")
    git("init", "-q", ".", cwd=repo)
    for name in NAMES:
        (repo / name).write_text(f"int a; // {SCRIPT}\n</pre>{SCRIPT}\n\"quoted\" 'single' &amp; `tick`\n" * 30)
    (repo / "README.md").write_text(README)
    (repo / "drawing.svg").write_text(SVG)
    (repo / "page.html").write_text(f"<!doctype html><title>x</title>{SCRIPT}")
    (repo / "book.ipynb").write_text(jsonlib.dumps({"cells": [{"cell_type": "markdown", "source": [README]}], "metadata": {},
                                                    "nbformat": 4, "nbformat_minor": 5}))
    (repo / "docs").mkdir()
    (repo / "docs/guide.md").write_text(README.replace("drawing.svg", "../drawing.svg"))
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", f"First {SCRIPT}\n\n{README}", cwd=repo,
        env={"GIT_AUTHOR_NAME": SCRIPT, "GIT_AUTHOR_EMAIL": "\"onload=\"alert(9)"})
    for name in NAMES:
        text = (repo / name).read_text().splitlines()
        text[4] = f"int b; // changed {SCRIPT}"
        (repo / name).write_text("\n".join(text + [f"</td></tr></table>{SCRIPT}"]))
    (repo / "drawing.svg").write_text(SVG.replace("run", "ran"))
    git("mv", "page.html", f"docs/{SCRIPT[:7]}.html", cwd=repo)
    git("commit", "-q", "-a", "-m", f"</title>{SCRIPT}", cwd=repo)
    git("tag", "-a", "-m", SCRIPT, TAG, cwd=repo)
    git("branch", BRANCH, cwd=repo)
    return repo
