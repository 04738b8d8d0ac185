#!/usr/bin/env python3
"""Each capability that is advertised, by the real git client; and where versions differ, by each of them."""

import hashlib
import re
import zlib

from fido_agent import FidoAgent
from harness import *

PROTOCOLS = (0, 1, 2)
ZERO = "0" * 40

_server = None


def server():
    global _server
    if _server is None:
        _server = Nimbus(shared=True)
    return _server


_names = 0


def published(source=None, *refspecs, **fields):
    """A new repository with these refs (all branches and tags by default): its name and its URL."""
    global _names
    _names += 1
    name = f"p{_names}"
    server().create_repo(name, **fields)
    if source:
        git("push", "-q", server().git_url(name), *(refspecs or ("refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")),
            cwd=source)
    return name, server().git_url(name)


def traced(*args, **more):
    """Runs git with GIT_TRACE_PACKET: its Result; .err has the packets."""
    return git(*args, env={"GIT_TRACE_PACKET": "1"}, **more)


def head(repo, what="HEAD"):
    return git("rev-parse", what, cwd=repo).out.strip()


def fsck(path):
    git("fsck", "--strict", "--no-dangling", cwd=path)


def pkt(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return b"%04x" % (len(raw) + 4) + raw


def post(name, service, body, protocol=0, auth="owner"):
    return server().request("POST", f"/{name}.git/{service}", body, auth=auth, headers={
        "Content-Type": f"application/x-{service}-request", "Git-Protocol": f"version={protocol}"})


def v2(name, command, *arguments):
    body = pkt(f"command={command}") + pkt("object-format=sha1") + b"0001"
    return post(name, "git-upload-pack", body + b"".join(pkt(a) for a in arguments) + b"0000", 2)


def packets(raw):
    """The payloads of an answer; flush and delimiter as 0 and 1."""
    out = []
    while raw:
        size = int(raw[:4], 16)
        out.append(size if size < 4 else raw[4:size])
        raw = raw[max(size, 4):]
    return out


def capabilities(name, service, protocol):
    """Those of a version, as {word: value or True}."""
    answer = server().request("GET", f"/{name}.git/info/refs?service={service}", headers={"Git-Protocol": f"version={protocol}"})
    eq(answer.status, 200, "status")
    lines = [p for p in packets(answer.body) if isinstance(p, bytes)]
    if protocol == 2:
        eq(lines[0], b"version 2\n", "the first line")
        words = [line.decode().strip() for line in lines[1:]]
    else:
        eq(lines[0], f"# service={service}\n".encode(), "the first line")
        eq(lines[1] == b"version 1\n", protocol == 1, "a line for version 1")
        words = next(line for line in lines if b"\0" in line).split(b"\0")[1].decode().split()
    return {w.split("=", 1)[0]: w.split("=", 1)[1] if "=" in w else True for w in words}


def rows(sql, *args):
    return server().sql(sql, *args)


def last_push(name):
    return jsonlib.loads(rows("SELECT data FROM event JOIN repo ON repo.id = repo_id WHERE name = ? AND type = 'push' "
                              "ORDER BY sequence DESC LIMIT 1", name)[0][0])


# What is advertised

def test_exactly_these_capabilities_are_advertised():
    """A new one needs a test below, and a line in docs/protocol.md."""
    name, _ = published(make_repo(2))
    common = {"object-format", "agent", "session-id"}
    for protocol in (0, 1):
        eq(set(capabilities(name, "git-upload-pack", protocol)), common | {
            "multi_ack", "multi_ack_detailed", "no-done", "thin-pack", "side-band", "side-band-64k", "ofs-delta",
            "shallow", "deepen-since", "deepen-not", "deepen-relative", "no-progress", "include-tag", "filter",
            "allow-tip-sha1-in-want", "allow-reachable-sha1-in-want", "symref"}, "for a fetch")
        eq(set(capabilities(name, "git-receive-pack", protocol)), common | {
            "report-status", "report-status-v2", "delete-refs", "side-band-64k", "quiet", "atomic", "push-options",
            "ofs-delta", "push-cert"}, "for a push")
    found = capabilities(name, "git-upload-pack", 2)
    eq(set(found), common | {"ls-refs", "fetch", "object-info", "bundle-uri"}, "in version 2")
    eq(found["ls-refs"], "unborn", "of ls-refs")
    eq(set(found["fetch"].split()), {"shallow", "wait-for-done", "filter", "ref-in-want", "sideband-all",
                                       "packfile-uris"}, "of fetch")


def test_every_version_is_spoken_when_it_is_asked_for():
    _, url = published(make_repo(2))
    for protocol, sign in ((0, "# service=git-upload-pack"), (1, "version 1"), (2, "version 2")):
        result = traced("ls-remote", url, protocol=protocol)
        has(result.err, f"< {sign}", f"the packets of version {protocol}")
        eq(("version 2" in result.err, "version 1" in result.err), (protocol == 2, protocol == 1), "versions")


def test_a_session_has_one_id_on_both_sides():
    name, url = published(make_repo(2))
    for service in ("git-upload-pack", "git-receive-pack"):
        one, two = (capabilities(name, service, 0)["session-id"] for _ in range(2))
        eq((len(one), one == two), (32, False), "session ids")
        for protocol in PROTOCOLS:
            answer = server().request("GET", f"/{name}.git/info/refs?service={service}", headers={"Git-Protocol": f"version={protocol}"})
            has(answer.text, f"session-id={answer.headers['x-request-id']}", f"what is said in version {protocol}")
            wait_until(lambda: any(line.get("request") == answer.headers["x-request-id"] for line in server().log_lines()), 5, "its line of the log")
    copy = tmp("session")
    for protocol in PROTOCOLS:
        git("-c", "transfer.advertiseSID=true", "clone", "-q", url, copy / str(protocol), protocol=protocol)
    commit_file(copy / "2", "x", "x\n")
    git("-c", "transfer.advertiseSID=true", "push", "-q", "origin", "main", cwd=copy / "2")


# Pushing

def test_push_options_are_in_the_event():
    source = make_repo(2)
    name, url = published()
    git("push", "-q", "-o", "ci.skip", "-o", "topic=ä b", url, "main", cwd=source)
    eq(last_push(name)["options"], ["ci.skip", "topic=ä b"], "options")
    commit_file(source, "more", "x\n")
    git("push", "-q", url, "main", cwd=source)
    eq(last_push(name)["options"], [], "options")


def test_version_2_of_the_report_is_asked_for_and_understood():
    source = make_repo(2)
    _, url = published()
    result = traced("push", url, "main", cwd=source)
    has(result.err, "\\0 report-status-v2 side-band-64k", "what the client chose")
    has(result.err, "< unpack ok", "the report")


def test_a_mirror_push_makes_both_sides_equal():
    source = make_repo(6)
    git("update-ref", "refs/notes/commits", "HEAD", cwd=source)
    git("update-ref", "refs/custom/deep/er", "HEAD~1", cwd=source)
    name, url = published()
    git("push", "-q", "--mirror", url, cwd=source)
    want = git("for-each-ref", "--format=%(objectname) %(refname)", cwd=source).out
    git("update-ref", "-d", "refs/notes/commits", cwd=source)
    git("update-ref", "refs/heads/main", "HEAD~2", cwd=source)
    eq({k: v for k, v in refs(url).items() if k != "HEAD" and not k.endswith("^{}")},
       dict(reversed(line.split()) for line in want.splitlines()), "refs")
    git("push", "-q", "--mirror", url, cwd=source)
    want = git("for-each-ref", "--format=%(objectname) %(refname)", cwd=source).out
    for protocol in PROTOCOLS:
        copy = tmp("mirror")
        git("clone", "-q", "--mirror", url, copy, protocol=protocol)
        eq(git("for-each-ref", "--format=%(objectname) %(refname)", cwd=copy).out, want, "refs after the second")
        fsck(copy)


def test_deep_names_and_names_beyond_ascii():
    source = make_repo(2)
    deep = "refs/heads/" + "/".join(["d" * 20] * 40)
    names = [deep, "refs/heads/größe/日本語", "refs/tags/🚀-v1"]
    for ref in names:
        git("update-ref", ref, "HEAD", cwd=source)
    for path in ("Ärger/ß.txt", "日本語/ファイル.txt", "emoji-🚀", "with space/and'quote\".txt"):
        commit_file(source, path, path)
    _, url = published(source)
    for protocol in PROTOCOLS:
        copy = tmp("deep")
        git("clone", "-q", url, copy, protocol=protocol)
        eq((copy / "日本語/ファイル.txt").read_text(), "日本語/ファイル.txt", "a file")
        eq(git("ls-tree", "-rz", "HEAD", cwd=copy).raw, git("ls-tree", "-rz", "HEAD", cwd=source).raw, "the trees")
        have = git("ls-remote", url, protocol=protocol).out
        for ref in names:
            has(have, ref, f"refs in version {protocol}")
    git("push", "-q", url, *(":" + ref for ref in names), cwd=source)
    eq([ref for ref in names if ref in refs(url)], [], "names that are left")


def test_submodules_are_links_that_nobody_follows():
    inner, outer = make_repo(2, seed=2), make_repo(2, seed=3)
    _, inner_url = published(inner)
    git("submodule", "add", "-q", inner_url, "lib/inner", cwd=outer)
    git("commit", "-q", "-m", "Add a submodule", cwd=outer)
    _, url = published(outer)
    for protocol in PROTOCOLS:
        copy = tmp("outer")
        git("clone", "-q", "--recurse-submodules", url, copy, protocol=protocol)
        eq(head(copy / "lib/inner"), head(inner), "the submodule's commit")
        fsck(copy)


def test_a_clone_that_borrows_objects_pushes_and_fetches():
    source = make_repo(6)
    _, url = published(source)
    copy = tmp("borrower")
    git("clone", "-q", "--reference", source, url, copy)
    commit_file(copy, "own.txt", "own\n")
    git("push", "-q", "origin", "main", cwd=copy)
    whole = tmp("whole")
    git("clone", "-q", url, whole)
    eq(head(whole), head(copy), "HEAD")
    fsck(whole)


def test_the_default_branch_is_the_first_that_comes_and_follows_the_settings_at_once():
    source = make_repo(3)
    git("branch", "trunk", cwd=source)
    git("branch", "master", "HEAD~1", cwd=source)
    for pushed, want in ((["trunk"], "trunk"), (["trunk", "master"], "master"), (["trunk", "master", "main"], "main")):
        _, url = published(source, *pushed)
        has(git("ls-remote", "--symref", url).out, f"ref: refs/heads/{want}\tHEAD", f"HEAD after {pushed}")
    name, url = published(source)
    for branch in ("trunk", "master", "main"):
        server().api("PATCH", f"/repos/{name}", {"default_branch": branch}, want=200)
        for protocol in PROTOCOLS:
            has(git("ls-remote", "--symref", url, "HEAD", protocol=protocol).out, f"ref: refs/heads/{branch}\tHEAD",
                f"HEAD in version {protocol}")
            copy = tmp("head")
            git("clone", "-q", url, copy, protocol=protocol)
            eq(git("symbolic-ref", "HEAD", cwd=copy).out.strip(), f"refs/heads/{branch}", "the clone's branch")


def test_an_unborn_head_has_a_name_in_version_2():
    name, url = published(default_branch="trunk")
    copy = tmp("unborn")
    git("clone", "-q", url, copy, protocol=2)
    eq(git("symbolic-ref", "HEAD", cwd=copy).out.strip(), "refs/heads/trunk", "the clone's branch")
    for protocol in (0, 1):
        git("clone", "-q", url, copy / f"v{protocol}", protocol=protocol)
    eq(packets(v2(name, "ls-refs", "symrefs", "unborn").body), [b"unborn HEAD symref-target:refs/heads/trunk\n", 0], "ls-refs")
    eq(packets(v2(name, "ls-refs", "symrefs").body), [0], "ls-refs of a client that knows nothing of it")


def ssh_key(kind="ed25519", *more):
    path = tmp("key") / "key"
    need("ssh-keygen")
    run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "ada@example.com", "-f", path, *more])
    return Path(f"{path}.pub")


def signed(key, *what, format="ssh"):
    return ["-c", f"gpg.format={format}", "-c", f"user.signingkey={key}", "push", "--signed=yes", *what]


def push_certs(name):
    return rows("SELECT push_cert.version, key_type, push_cert.key, fingerprint, nonce, certificate FROM push_cert "
                "JOIN repo ON repo.id = repo_id WHERE name = ? ORDER BY push_cert.version", name)


def every_kind_of_key():
    """(public key, environment, its name in SSH)"""
    for kind, bits, name in (
            ("ed25519", 256, "ssh-ed25519"), ("rsa", 3072, "ssh-rsa"), ("ecdsa", 256, "ecdsa-sha2-nistp256"),
            ("ecdsa", 384, "ecdsa-sha2-nistp384"), ("ecdsa", 521, "ecdsa-sha2-nistp521")):
        yield ssh_key(kind, "-b", bits), {}, name
    for kind, name in (("ed25519", "sk-ssh-ed25519@openssh.com"), ("ecdsa", "sk-ecdsa-sha2-nistp256@openssh.com")):
        agent = FidoAgent(kind)
        yield agent.public, {"SSH_AUTH_SOCK": agent.socket}, name


def test_a_signed_push_is_verified_and_recorded():
    source = make_repo(3)
    for key, env, type in every_kind_of_key():
        name, url = published()
        git(*signed(key, "-q", "-o", "hello there", url, "main", "v1", "v2"), cwd=source, env=env)
        eq(refs(url)["refs/heads/main"], head(source), "main")
        (version, key_type, stored, fingerprint, nonce, certificate), = push_certs(name)
        eq((key_type, nonce), (type, "OK"), "type of key and nonce")
        eq(stored, key.read_text().split()[1], "the key")
        eq(fingerprint, run(["ssh-keygen", "-l", "-f", key]).out.split()[1], "the fingerprint")
        has(certificate.decode(), "push-option hello there\n", "the certificate")
        eq(last_push(name)["certificate"]["fingerprint"], fingerprint, "the event's fingerprint")
        # Whoever has the certificate can verify it again, with OpenSSH alone.
        content, armor = certificate.split(b"-----BEGIN SSH", 1)
        signature = tmp("sig") / "signature"
        signature.write_bytes(b"-----BEGIN SSH" + armor)
        run(["ssh-keygen", "-Y", "check-novalidate", "-n", "git", "-s", signature], input=content)
        commit_file(source, f"{type}.txt", "x\n")
        git(*signed(key, "-q", "--atomic", url, "main", ":v1"), cwd=source, env=env)
        eq(len(push_certs(name)), 2, "certificates")
        git("push", "-q", url, "HEAD~1:refs/heads/unsigned", cwd=source)
        eq((len(push_certs(name)), "certificate" in last_push(name)), (2, False), "after an unsigned push")


def test_a_fido_key_that_nobody_touched_signs_nothing():
    source, (name, url) = make_repo(1), published()
    agent = FidoAgent("ed25519", touched=False)
    result = git(*signed(agent.public, url, "main"), cwd=source, env={"SSH_AUTH_SOCK": agent.socket}, check=False)
    has(result.err, "the security key was not touched", "the refusal")
    eq((result.code != 0, refs(url), push_certs(name)), (True, {}, []), "after it")


def recorded_body(source, url, key):
    """What git sends for a signed push: the request's body, caught on the way."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer
    caught, name = [], url.rsplit("/", 1)[1]

    class Between(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = server().get(self.path)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def do_POST(self):
            caught.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_error(500)

        def log_message(self, *_):
            pass

    between = HTTPServer(("127.0.0.1", 0), Between)
    threading.Thread(target=between.serve_forever, daemon=True).start()
    git(*signed(key, f"http://127.0.0.1:{between.server_port}/{name}", "main"), cwd=source, check=False)
    between.shutdown()
    between.server_close()
    return caught[-1]


def test_a_certificate_that_lies_changes_nothing():
    source = make_repo(2)
    key = ssh_key()
    name, url = published()
    body = recorded_body(source, url, key)
    other, _ = published()
    nonce = re.search(rb"nonce (\S+)\n", body)[1]
    for what, to, forged, words in (
            ("another ref", name, body.replace(b"refs/heads/main", b"refs/heads/mein"), "signature does not match"),
            ("another repository", other, body, "nonce was not given here"),
            ("a nonce made up", name, body.replace(nonce, nonce[:-1] + (b"1" if nonce[-1:] == b"0" else b"0")), "signature does not match"),
            ("an option added", name, body.replace(b"side-band-64k", b"push-options ", 1).replace(
                b"push-cert-end\n0000", b"push-cert-end\n0000" + pkt("evil") + b"0000"), "options are not those"),
            ("no signature", name, body.replace(b"-----BEGIN SSH", b"-----BEGUN SSH"), "is not signed"),
            ("PGP", name, body.replace(b"-----BEGIN SSH", b"-----BEGIN PGP"), "gpg.format ssh")):
        answer = post(to, "git-receive-pack", forged)
        eq(answer.status, 200, what)
        has(answer.text, words, what)
        eq((refs(url), push_certs(to)), ({}, []), f"after {what}")
    has(post(name, "git-receive-pack", body).text, "unpack ok", "the certificate as it was")
    eq(len(push_certs(name)), 1, "certificates")
    # The same request once more finds it done: nothing is recorded twice.
    has(post(name, "git-receive-pack", body).text, "unpack ok", "the replay")
    eq(len(push_certs(name)), 1, "certificates")


def test_hidden_refs_are_not_seen_fetched_or_pushed():
    """The server's own, which nothing makes yet: they are put where it would put them."""
    for others in (["main", "v2"], []):
        server = Nimbus()
        server.create_repo("hidden")
        source, url = make_repo(3), server.git_url("hidden")
        git("push", "-q", url, "main:refs/zz/last", *others, cwd=source)
        seen = refs(url)
        server.stop()
        server.sql("INSERT INTO ref (repo_id, name, oid) SELECT id, ?, ? FROM repo",
                   b"refs/nimbus/pull/1/head", bytes.fromhex(head(source)))
        server.sql("UPDATE repo SET version = version + 1")
        server.start()
        url = server.git_url("hidden")
        for protocol in PROTOCOLS:
            eq(dict(reversed(line.split("\t")) for line in git("ls-remote", url, protocol=protocol).out.splitlines()),
               seen, f"refs in version {protocol}")
            eq(git("ls-remote", url, "refs/nimbus/*", protocol=protocol).out, "", "refs of that name")
            copy = tmp("hidden")
            git("clone", "-q", "--mirror", url, copy, protocol=protocol)
            has_not(git("for-each-ref", cwd=copy).out, "nimbus", "the mirror's refs")
            result = git("fetch", url, "refs/nimbus/pull/1/head:refs/heads/x", cwd=copy, protocol=protocol, check=False)
            eq(result.code, 128, "a fetch by name")
            result = git("fetch", "--shallow-exclude=refs/nimbus/pull/1/head", url, "refs/zz/last", cwd=copy, protocol=protocol, check=False)
            has(result.err, "not a ref", "a boundary by name")
            result = git("clone", "--mirror", "--filter=sparse:oid=refs/nimbus/pull/1/head:README.md", url, tmp("hidden"), protocol=protocol, check=False)
            has(result.err, "there is no such revision", "patterns by name")
        has_not(server.get("/hidden.git/info/refs?service=git-receive-pack").text, "refs/nimbus", "what a push sees")
        for spec in ("HEAD:refs/nimbus/pull/1/head", ":refs/nimbus/pull/1/head", "HEAD:refs/nimbus/new"):
            has(git("push", "-f", url, spec, cwd=source, check=False).err, "rejected", f"a push of {spec}")
        server.stop()


# Fetching

def counted(path):
    return len(git("rev-list", "--all", cwd=path).out.split())


def test_histories_are_deepened_in_every_way_and_become_whole():
    source = make_repo(30, merges=False)
    git("tag", "old", "HEAD~20", cwd=source)
    _, url = published(source)
    when = int(git("log", "-1", "--format=%ct", "HEAD~9", cwd=source).out)
    for protocol in PROTOCOLS:
        copy = tmp("deep")
        git("clone", "-q", "--depth", "2", "--no-tags", url, copy, protocol=protocol)
        for option, want in (("--deepen=3", 5), ("--depth=7", 7), (f"--shallow-since={when}", 10),
                             ("--shallow-exclude=old", 20), ("--depth=4", 4), ("--unshallow", 30)):
            git("fetch", "-q", "--no-tags", option, "origin", "main", cwd=copy, protocol=protocol)
            eq(counted(copy), want, f"commits after {option} in version {protocol}")
            fsck(copy)
        eq((copy / ".git/shallow").exists(), False, "is still shallow")


def test_a_tag_comes_with_what_it_points_at():
    source = make_repo(3)
    _, url = published(source)
    for protocol in PROTOCOLS:
        copy = tmp("tags")
        git("clone", "-q", "--single-branch", url, copy, protocol=protocol)
        commit_file(source, "tagged", f"{protocol}\n")
        git("tag", "-a", "-m", "t", f"with-{protocol}", cwd=source)
        git("push", "-q", url, "main", f"with-{protocol}", cwd=source)
        result = traced("fetch", "origin", cwd=copy, protocol=protocol)
        has(result.err, "include-tag", "what the client asks for")
        eq(head(copy, f"with-{protocol}^0"), head(source), "the tag")


def test_refs_are_wanted_by_name():
    source = make_repo(4)
    name, url = published(source)
    result = traced("fetch", url, "refs/heads/main:refs/heads/x", cwd=make_repo(1, seed=9), protocol=2)
    has(result.err, "> want-ref refs/heads/main", "the request")
    has(result.err, "< \\1wanted-refs", "the answer")
    has(result.err, f"< \\1{head(source)} refs/heads/main", "the answer")
    has(v2(name, "fetch", "want-ref refs/heads/nowhere", "done").text, "ERR unknown ref refs/heads/nowhere", "a name that is none")


def test_negotiation_alone_waits_for_done():
    """`git fetch --negotiate-only` is what push negotiation is made of."""
    source = make_repo(8)
    _, url = published(source)
    copy = tmp("negotiate")
    git("clone", "-q", url, copy)
    commit_file(copy, "mine", "mine\n")
    result = traced("fetch", "--negotiate-only", "--negotiation-tip=main", "origin", cwd=copy, protocol=2)
    both = result.out.split()
    eq((head(source) in both, head(copy) in both), (True, False), "the commits that both have")
    has(result.err, "> wait-for-done", "the request")
    has_not(result.err, "< packfile", "the answer")
    git("-c", "push.negotiate=true", "push", "-q", "origin", "main", cwd=copy, protocol=2)
    eq(refs(url)["refs/heads/main"], head(copy), "main")


def test_all_sections_go_in_the_side_band():
    source = make_repo(8)
    _, url = published(source)
    copy = tmp("banded") / "c"
    result = git("clone", url, copy, protocol=2, env={"GIT_TEST_SIDEBAND_ALL": "1", "GIT_TRACE_PACKET": "1"})
    has(result.err, "> sideband-all", "the request")
    has(result.err, "< \\1packfile", "the answer")
    eq(head(copy), head(source), "HEAD")
    commit_file(source, "more", "x\n")
    git("push", "-q", url, "main", cwd=source)
    git("fetch", "-q", "--depth=1", "origin", cwd=copy, protocol=2, env={"GIT_TEST_SIDEBAND_ALL": "1"})
    fsck(copy)


def test_what_combined_filters_leave_out_comes_later():
    source = make_repo(12)
    commit_file(source, "big.bin", "0123456789abcdef" * 1000)
    _, url = published(source)
    for protocol in (0, 2):
        copy = tmp("lazy")
        git("clone", "-q", "--no-checkout", "--filter=combine:blob:limit=1k+tree:3", url, copy, protocol=protocol)
        missing = git("rev-list", "--objects", "--missing=print", "HEAD", cwd=copy).out.count("\n?")
        eq(missing > 0, True, "something is missing")
        git("checkout", "-q", "main", cwd=copy, protocol=protocol)
        eq((copy / "big.bin").read_bytes(), (source / "big.bin").read_bytes(), "the big file")
        eq(git("log", "-p", cwd=copy, protocol=protocol).out, git("log", "-p", cwd=source).out, "the log")
        fsck(copy)
        git("fetch", "-q", "--refetch", "--filter=blob:none", "origin", cwd=copy, protocol=protocol)
        fsck(copy)


def test_object_info_tells_sizes_and_what_is_missing():
    source = make_repo(3)
    name, _ = published(source)
    ids = git("rev-list", "--objects", "--no-object-names", "HEAD", cwd=source).out.split()
    sizes = git("cat-file", "--batch-check=%(objectname) %(objectsize)", cwd=source, input="\n".join(ids)).out.split("\n")
    answer = packets(v2(name, "object-info", "size", *(f"oid {id}" for id in ids), "oid " + "3" * 40).body)
    eq(answer, [b"size\n", *(f"{line}\n".encode() for line in sizes if line), b"3" * 40 + b" \n", 0], "the answer")


def test_a_clone_can_begin_with_a_bundle():
    for object_format in ("sha1", "sha256"):
        source = make_repo(12, object_format=object_format)
        name, url = published(source, "main", "v2", object_format=object_format)
        bundle = tmp("bundle") / "file"
        bundle.write_bytes(server().get(f"/{name}.git/default.bundle").body)
        git("bundle", "verify", "-q", bundle, cwd=source)
        eq(git("ls-remote", bundle).out, f"{head(source)}\trefs/heads/main\n", "what it holds")
        copy = tmp("unbundled")
        git("clone", "-q", "-b", "main", bundle, copy)
        eq(head(copy), head(source), "HEAD of the bundle")
        fsck(copy)
        if object_format == "sha256":
            continue  # a clone by git 2.39 takes every bundle for SHA-1
        copy = tmp("bundled")
        git("clone", "-q", f"--bundle-uri={url}/default.bundle", url, copy)
        eq(head(copy, "refs/bundles/main"), head(source), "what came by the bundle")
        eq(head(copy), head(source), "HEAD")
        fsck(copy)
    name, url = published(make_repo(2))
    eq(packets(v2(name, "bundle-uri").body), [b"bundle.version=1\n", b"bundle.mode=all\n",
                                              b"bundle.default.uri=default.bundle\n", 0], "the list")
    # git from 2.40 on asks for the list, where it is told to; to an older one the option means nothing.
    copy = tmp("listed")
    result = traced("-c", "transfer.bundleURI=true", "clone", url, copy, protocol=2)
    version = [int(n) for n in re.findall(r"\d+", git("version").out)[:2]]
    eq("> command=bundle-uri" in result.err, version >= [2, 40], f"git {version} asks for it")
    if version >= [2, 40]:
        has(git("for-each-ref", "refs/bundles", cwd=copy).out, "refs/bundles/", "refs of the bundle")
    name, _ = published()
    eq(packets(v2(name, "bundle-uri").body), [b"bundle.version=1\n", b"bundle.mode=all\n", 0], "the list of an empty one")
    eq(server().get(f"/{name}.git/default.bundle").status, 404, "the bundle of an empty one")
    eq(server().get(f"/{name}.git/default.bundle", auth=None).status, 401, "the bundle for anybody")
    has(v2(name, "bundle-uri", "what").text, "ERR unexpected line: 'what'", "an argument")


# Many, and gone

def test_ten_thousand_refs_in_one_push_cost_less_than_a_second():
    """With the release build where there is one: git's own client takes quadratic time, so by hand."""
    release = ROOT / "build/nimbus"
    server = Nimbus()
    if release.exists():
        server.stop()
        server.binary = release
        server.start()
    source = make_repo(50, merges=False)
    server.create_repo("many")
    git("push", "-q", server.git_url("many"), "main", cwd=source)
    ids = git("rev-list", "main", cwd=source).out.split()
    nothing = b"PACK" + (2).to_bytes(4, "big") + (0).to_bytes(4, "big")
    nothing += hashlib.sha1(nothing).digest()

    def cpu():
        fields = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    names = [f"refs/heads/many/b{n:05}" for n in range(10000)]
    steps = (("create", lambda n: (ZERO, ids[n % 50])), ("move", lambda n: (ids[n % 50], ids[(n + 1) % 50])),
             ("delete", lambda n: (ids[(n + 1) % 50], ZERO)))
    for step, change in steps:
        lines = ["{} {} ".format(*change(n)) + ref for n, ref in enumerate(names)]
        lines[0] += "\0 report-status-v2 atomic object-format=sha1"
        before = cpu()
        answer = server.request("POST", "/many.git/git-receive-pack", b"".join(map(pkt, lines)) + b"0000"
                                + (nothing if step != "delete" else b""), {"Content-Type": "application/x-git-receive-pack-request"})
        took = cpu() - before
        eq(answer.body.count(b"ok refs/heads/"), 10000, f"refs that {step} has done")
        if took > (1 if release.exists() else 10):
            fail(f"to {step} 10,000 refs took {took:.2f} s of CPU")
        eq(len(refs(server.git_url("many"))), 10002 if step != "delete" else 2, f"refs after {step}")


def test_a_client_that_hangs_up_in_the_middle_of_a_push_leaves_nothing():
    server = Nimbus()
    server.create_repo("gone")
    source = make_repo(2)
    git("push", "-q", server.git_url("gone"), "main", cwd=source)

    def state():
        here = Path(f"/proc/{server.pid}")
        return (len(list((here / "fd").iterdir())), len(list((here / "task").iterdir())),
                sorted(str(p) for p in server.data.rglob("*") if p.is_file() and not p.name.endswith(("-wal", "-shm"))))

    def half_a_push(kib):
        body = pkt(f"{ZERO} {head(source)} refs/heads/x\0 report-status object-format=sha1") + b"0000"
        body += b"PACK" + (2).to_bytes(4, "big") + (1000).to_bytes(4, "big")
        noise = random.Random(1).randbytes(200 << 10)
        blob = noise * 2
        size, first = len(blob) >> 4, 3 << 4 | len(blob) & 15
        entry = bytearray()
        while size:
            entry.append(first | 128)
            first, size = size & 127, size >> 7
        entry.append(first)
        entry += zlib.compress(blob, 0)
        body += bytes(entry) * (kib * 1024 // len(entry) + 1)
        secret = base64.b64encode(":".join(server.auth).encode()).decode()
        client = server.connect(30)
        client.send(f"POST /gone.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {secret}\r\n"
                    f"Content-Type: application/x-git-receive-pack-request\r\nContent-Length: {1 << 30}\r\n\r\n")
        client.send(body[:kib * 1024])
        return client

    files, first = state()[2], half_a_push(4096)
    ours = first.socket.getsockname()[1]
    first.close()
    server.get("/healthz")
    row = re.compile(f":{server.port:04X} [0-9A-F]{{8}}:{ours:04X} 0[18] ")  # established, or closed by the client alone
    wait_until(lambda: state()[2] == files and not row.search(Path("/proc/net/tcp").read_text()), what="the first client's end")
    time.sleep(0.5)
    before, resident = state(), server.rss_kib()
    clients = [half_a_push(16384) for _ in range(4)]
    wait_until(lambda: state()[0] >= before[0] + 4, what="four pushes at once")
    for client in clients:
        client.close()
    # Sooner than whoever is silent for half a minute would be sent away.
    wait_until(lambda: (state()[0], state()[2]) == (before[0], before[2]), 20, "the end of files and connections")
    eq(state()[1] <= before[1] + 4, True, "threads: at most those of the pool stay")
    if "asan" not in str(server.binary):
        wait_until(lambda: server.rss_kib() < resident + 8192, what="memory as before")
    eq(sorted(refs(server.git_url("gone"))), ["HEAD", "refs/heads/main"], "refs")


def test_a_name_in_the_url_may_be_used_often():
    """git offers the name alone first, each time: that is no wrong password."""
    name, _ = published(make_repo(1))
    asked = tmp() / "askpass"
    asked.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
    asked.chmod(0o755)
    for _ in range(15):
        git("ls-remote", f"http://{OWNER}@{server().host}/{name}.git", env={"GIT_ASKPASS": str(asked)})


main()
