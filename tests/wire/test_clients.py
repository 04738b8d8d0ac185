#!/usr/bin/env python3
"""Git clients that are not git: each clones, fetches and pushes, with a token as its password."""

from harness import *

CLIENTS = ROOT / "tests/clients"
PYTHON = "/usr/bin/python3"  # Debian's, for which Debian's modules are
JAVA = Path("/usr/share/java")
JARS = ("org.eclipse.jgit.pgm org.eclipse.jgit org.eclipse.jgit.lfs org.eclipse.jgit.http.apache org.eclipse.jgit.archive "
        "org.eclipse.jgit.ui httpclient httpcore commons-logging commons-codec args4j slf4j-api slf4j-simple jsch "
        "commons-compress javaewah gson jzlib").split()

_server = None


def server():
    global _server
    if _server is None:
        _server = Nimbus(shared=True)
        _server.token = _server.api("POST", "/tokens", {"name": "clients", "permission": "write"}, want=201).json["token"]
    return _server


class Script:
    """A client that is driven by a script of ours: SCRIPT VERB URL PATH NAME SECRET [WHAT...]."""

    def __init__(self, *command, **env):
        self.command, self.env = command, env

    def do(self, verb, url, path, *what, secret=None, check=True):
        return run([*self.command, verb, url, path, OWNER, secret or server().token, *what],
                   env=git_env(**self.env), check=check)


class JGit:
    """Its command line. Debian's own wrapper forgets a class that it needs."""

    def __init__(self):
        jars = [str(JAVA / f"{jar}.jar") for jar in JARS if (JAVA / f"{jar}.jar").exists()]
        self.command = ["java", "-Djava.awt.headless=true", "-cp", ":".join(jars)]

    def do(self, verb, url, path, *what, secret=None, check=True):
        home = tmp("home")
        (home / ".netrc").write_text(f"machine 127.0.0.1 login {OWNER} password {secret or server().token}\n")
        (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.com\n")
        words = [*self.command, f"-Duser.home={home}", "org.eclipse.jgit.pgm.Main", verb]
        env = git_env(HOME=home, XDG_CONFIG_HOME=home)
        if verb == "clone":
            return run([*words, url, path], env=env, check=check)
        result = run([*words, "origin", *what], cwd=path, env=env, check=check)
        if verb == "fetch":
            git("reset", "-q", "--hard", "origin/main", cwd=path)
        return result


def python_client(module):
    if run([PYTHON, "-c", f"import {module}"], check=False).code:
        skip(f"python3-{module} is not installed")
    return Script(PYTHON, CLIENTS / f"{module}_client.py")


def jgit():
    need("java")
    return JGit() if (JAVA / "org.eclipse.jgit.pgm.jar").exists() else skip("jgit-cli is not installed")


def isomorphic():
    modules = ROOT / "build-clients/node_modules"
    if not (modules / "isomorphic-git").exists():
        skip("isomorphic-git is not installed: ./dev test does it")
    return Script(need("node"), CLIENTS / "isomorphic.mjs", NODE_PATH=modules)


def go_git():
    program = ROOT / "build-clients/go_git_client"
    return Script(program) if program.exists() else skip("go-git's client is not built: ./dev test does it")


def same_history(copy, source):
    eq(git("rev-parse", "HEAD", "HEAD^{tree}", cwd=copy).out, git("rev-parse", "HEAD", "HEAD^{tree}", cwd=source).out, "HEAD")
    eq(set(git("rev-list", "--objects", "--no-object-names", "HEAD", cwd=copy).out.split()),
       set(git("rev-list", "--objects", "--no-object-names", "HEAD", cwd=source).out.split()), "objects")
    git("fsck", "--strict", "--no-dangling", cwd=copy)


def check(client, name, depth=False, deletes=True):
    """What any client must be able to do here."""
    source = make_repo(12, files=8)
    commit_file(source, "größe/日本語.txt", "Unicode\n")
    server().create_repo(name)
    known, url = server().git_url(name), f"{server().url}/{name}.git"
    git("push", "-q", known, "main", "topic", "v1", "v2", cwd=source)

    copy = tmp(name)
    client.do("clone", url, copy)
    same_history(copy, source)
    eq(refs(copy)["refs/tags/v2^{}"], refs(known)["refs/tags/v2^{}"], "an annotated tag")

    for n in range(2):
        commit_file(source, f"more/{n}.txt", f"{n}\n" * 100)
    git("push", "-q", known, "main", cwd=source)
    client.do("fetch", url, copy)
    same_history(copy, source)
    client.do("fetch", url, copy)

    mine = commit_file(copy, "from/the/client.txt", f"{name}\n" * 200)
    client.do("push", url, copy, "refs/heads/main:refs/heads/main")
    eq(refs(known)["refs/heads/main"], mine, "main after a push")
    client.do("push", url, copy, "refs/heads/main:refs/heads/new/from-client")
    eq(refs(known)["refs/heads/new/from-client"], mine, "a new branch")
    client.do("push", url, copy, "refs/tags/v2:refs/tags/v3")
    eq(refs(known)["refs/tags/v3"], refs(known)["refs/tags/v2"], "a new tag")
    if deletes:
        client.do("push", url, copy, ":refs/heads/new/from-client")
        eq("refs/heads/new/from-client" in refs(known), False, "a deleted branch")
    again = tmp(name)
    git("clone", "-q", known, again)
    same_history(again, copy)

    # Somebody was faster: history that is not an ancestor is not overwritten in silence.
    git("pull", "-q", known, "main", cwd=source)
    theirs = commit_file(source, "faster.txt", "x\n")
    git("push", "-q", known, "main", cwd=source)
    commit_file(copy, "slower.txt", "y\n")
    client.do("push", url, copy, "refs/heads/main:refs/heads/main", check=False)
    eq(refs(known)["refs/heads/main"], theirs, "main after a push that came too late")

    refused = client.do("clone", url, tmp(name), secret="nonsense", check=False)
    eq(refused.code != 0, True, "a wrong token is refused")
    if depth:
        shallow = tmp(name)
        client.do("clone", url, shallow, "3")
        eq(len(git("rev-list", "--first-parent", "HEAD", cwd=shallow).out.split()), 3, "commits of a shallow clone")


def test_dulwich():
    check(python_client("dulwich"), "dulwich", depth=True)


def test_libgit2():
    check(python_client("pygit2"), "libgit2")


@timeout(600)
def test_jgit():
    check(jgit(), "jgit")


def test_isomorphic_git():
    check(isomorphic(), "isomorphic", depth=True)


def test_go_git():
    check(go_git(), "go-git", depth=True)


main()
