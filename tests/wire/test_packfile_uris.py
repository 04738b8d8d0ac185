"""protocol v2 "packfile-uris": whole packs that the client fetches by itself, beside what it is sent."""

import hmac
import re
import time

from harness import *

FORMATS = ("sha1", "sha256")
BOTH = ("-c", "fetch.uriProtocols=http,https")
MIB = 1 << 20


def noise(seed, size=3 * MIB // 2):
    return random.Random(seed).randbytes(size)


def served(object_format="sha1", side=True, env=None, visibility="private"):
    """
    A compacted repository "r" whose packs are large enough: of main, and (with `side`) of a branch and a tag
    that main does not lead to. Returns the server and the work tree.
    """
    server = Nimbus(env={"NIMBUS_COMPACT": "off", **(env or {})})
    source = make_repo(12, object_format=object_format)
    commit_file(source, "large.bin", noise(1))
    if side:
        git("checkout", "-q", "-b", "side", cwd=source)
        commit_file(source, "side.bin", noise(2))
        git("tag", "-a", "-m", "Of the side", "v3", cwd=source)
        git("tag", "-a", "-m", "Of a tag", "v4", "v3", cwd=source)
        git("checkout", "-q", "main", cwd=source)
    server.create_repo("r", object_format=object_format, visibility=visibility)
    git("push", "-q", "--mirror", server.git_url("r"), cwd=source)
    server.admin("admin", "compact", "r", "--full")
    return server, source


def objects(path):
    return set(git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)", cwd=path).out.split())


def traced(*args, **more):
    return git(*args, env={"GIT_TRACE_PACKET": "1", "GIT_TRACE_REDACT": "0"}, **more)


def offers(result):
    """(hash, URI) of each line in the section, as the client has read them."""
    return re.findall(r"packet: +(?:clone|fetch)< (?:\\1)?([0-9a-f]{40,64}) (https?:\S+)", result.err)


def sent(result):
    """How many objects came in the packfile section."""
    return int(re.search(r"Total (\d+)", result.err).group(1))


def clone(server, *args, options=BOTH, auth="owner"):
    """A clone, and its trace."""
    path = tmp("copy") / "c"
    result = traced(*options, "clone", "--progress", *args, server.git_url("r", auth=auth), path, protocol=2)
    git("fsck", "--strict", "--no-dangling", cwd=path)
    return path, result


def check_same(server, *args, **more):
    """A clone by URIs has what another has. Returns the hashes and URIs, and the number of objects sent inline."""
    ours, result = clone(server, *args, **more)
    plain, _ = clone(server, *args, options=())
    eq(refs(ours), refs(plain), "refs")
    eq(objects(ours), objects(plain), "objects")
    return offers(result), sent(result)


def local(server, uri):
    has(uri, server.url + "/", "the URI")
    return uri[len(server.url):]


def get(server, path, auth=None, **headers):
    return server.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}, auth=auth)


def refused(response, status, words):
    eq(response.status, status, "status")
    has(response.text, words, "the answer")


# What is offered, and to whom

def test_whole_packs_come_by_uri_and_nothing_else_is_sent():
    for object_format in FORMATS:
        server, _ = served(object_format)
        found, inline = check_same(server)
        eq((len(found), inline), (2, 0), f"packs and objects inline, of {object_format}")
        found, inline = check_same(server, "--mirror")
        eq((len(found), inline), (2, 0), "of a mirror")
        for hash, uri in found:
            eq(len(hash), 40 if object_format == "sha1" else 64, "digits of the name")
            has(uri, f"/r.git/objects/pack/pack-{hash}.pack?expires=")
        server.stop()


def test_of_one_branch_only_the_pack_of_main_is_wanted():
    server, _ = served()
    found, inline = check_same(server, "--single-branch")
    eq((len(found), inline), (1, 1), "packs, and the annotated tag")
    copy = tmp("side")
    git("init", "-q", ".", cwd=copy)
    result = traced(*BOTH, "fetch", "--progress", "--no-tags", server.git_url("r"), "side", cwd=copy, protocol=2)
    eq((len(offers(result)), sent(result)), (1, 3), "packs, and what the side has beside main")
    git("fsck", "--strict", "FETCH_HEAD", cwd=copy)


def test_what_was_pushed_since_is_sent_beside():
    for object_format in FORMATS:
        server, source = served(object_format)
        for i in range(3):
            commit_file(source, "docs/file2.txt", f"{i}\n" + (source / "docs/file2.txt").read_text())
            git("push", "-q", server.git_url("r"), "main", cwd=source)
        found, inline = check_same(server)
        eq((len(found), inline), (2, 12), "packs and objects inline")
        server.stop()


def test_a_clone_by_uri_goes_on_as_any_other():
    server, source = served()
    copy, _ = clone(server)
    commit_file(source, "more", "more\n")
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    result = traced(*BOTH, "pull", "-q", cwd=copy, protocol=2)
    eq(offers(result), [], "what a fetch with haves is offered")
    eq(git("rev-parse", "HEAD", cwd=copy).out, git("rev-parse", "HEAD", cwd=source).out, "HEAD")
    commit_file(copy, "back", "back\n")
    git("push", "-q", "origin", "main", cwd=copy)
    git("fsck", "--strict", cwd=copy)


def test_git_checks_what_comes_by_uri_like_what_is_sent():
    server, _ = served()
    _, result = clone(server, options=(*BOTH, "-c", "transfer.fsckObjects=true"))
    eq(len(offers(result)), 2, "packs")


def test_what_is_left_out_of_a_clone_makes_it_come_inline():
    server, source = served()
    since = git("log", "-1", "--format=%ct", "main~2", cwd=source).out.strip()
    for more in (("--depth=1",), ("--depth=1000",), (f"--shallow-since={since}",), ("--shallow-exclude=v1",),
                 ("--filter=blob:none", "--no-checkout"), ("--filter=tree:0", "--no-checkout"),
                 ("--filter=object:type=commit", "--no-checkout")):
        path = tmp("part") / "c"
        options = BOTH if "filter" in more[0] else (*BOTH, "-c", "core.logAllRefUpdates=false")
        result = traced(*options, "clone", *more, server.git_url("r"), path, protocol=2, check=False)
        eq(offers(result), [], f"offers with {more}")
        if more[0] != "--shallow-exclude=v1":  # nothing is left of main
            eq(result.code, 0, f"a clone with {more}: {result.err[-300:]}")
    copy = tmp("shallow") / "c"
    git("clone", "-q", "--depth=1", server.git_url("r"), copy)
    result = traced(*BOTH, "fetch", "--unshallow", cwd=copy, protocol=2)
    eq(offers(result), [], "offers to a shallow client")
    git("fsck", "--strict", cwd=copy)


def test_a_client_that_takes_no_uri_of_ours_is_sent_all():
    server, _ = served()
    for options in ((), ("-c", "fetch.uriProtocols=https")):
        _, result = clone(server, options=options)
        eq(offers(result), [], f"offers with {options}")
    has(result.err, "clone> packfile-uris https", "what the client asks")
    for protocol in 0, 1:
        result = traced(*BOTH, "clone", server.git_url("r"), tmp("old") / "c", protocol=protocol)
        eq(offers(result), [], f"offers in version {protocol}")


def test_small_packs_are_not_worth_a_request():
    server = Nimbus(env={"NIMBUS_COMPACT": "off"})
    source = make_repo(12)
    server.create_repo("r")
    git("push", "-q", "--mirror", server.git_url("r"), cwd=source)
    server.admin("admin", "compact", "r", "--full")
    eq(offers(clone(server)[1]), [], "offers of small packs")
    commit_file(source, "large.bin", noise(1))
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    eq(offers(clone(server)[1]), [], "offers of what was not compacted")


def test_after_a_compaction_its_bitmap_is_used_even_beside_a_pack_that_stayed():
    server, source = served(side=False)
    for seed in 3, 4:
        commit_file(source, "large.bin", noise(seed))
        git("push", "-q", server.git_url("r"), "main", cwd=source)
        server.admin("admin", "compact", "r", "--full")
        found, inline = check_same(server)
        eq((len(found), inline), (1, 1), "the pack of main, and a tag in the other that is always the same")


def test_a_pack_with_an_object_that_is_not_wanted_is_not_offered():
    server, source = served()
    git("push", "-q", "-f", server.git_url("r"), "main~1:refs/heads/main", cwd=source)
    found, inline = check_same(server, "--single-branch", "--no-tags")
    eq(found, [], "offers of a branch that was moved back")
    if not inline:
        fail("nothing is sent inline")


def test_who_takes_uris_and_who_does_not_share_no_pack():
    server, source = served()
    counts = []
    for options in (), BOTH, (), BOTH:
        path, result = clone(server, options=options)
        counts.append(sent(result))
        eq(git("rev-parse", "HEAD", cwd=path).out, git("rev-parse", "HEAD", cwd=source).out, "HEAD")
    eq((counts[1], counts[3], counts[0]), (0, 0, counts[2]), "objects inline")


# Where the URI points, and who may read what is there

def test_a_private_repository_is_cloned_with_a_token_and_signed_uris():
    server, _ = served(env={"NIMBUS_LOG_LEVEL": "debug"})
    token = server.api("POST", "/tokens", {"name": "ci", "permission": "read"}, want=201).json["token"]
    path, result = clone(server, auth=("x", token))
    found = offers(result)
    eq(len(found), 2, "packs")
    for hash, uri in found:
        answer = get(server, local(server, uri))
        eq(answer.status, 200, "status")
        eq(answer.headers["content-type"], "application/x-git-packed-objects", "type")
        eq(answer.headers["cache-control"], "private, max-age=3600, immutable", "cache")
        pack = tmp("pack") / "p.pack"
        pack.write_bytes(answer.body)
        eq(git("index-pack", pack).out.strip(), hash, "the pack's name")
        signature = uri.split("signature=")[1]
        has_not(server.out.read_text(), signature, "the log")


def test_an_address_expires():
    """As of an hour ago, which takes the instance's key."""
    server, _ = served()
    path, query = local(server, offers(clone(server)[1])[0][1]).split("?")
    hash = path.split("pack-")[1].split(".")[0]
    key = server.sql("SELECT value FROM instance WHERE key = 'nonce_key'")[0][0]

    def signed(expires):
        mac = hmac.new(key if isinstance(key, bytes) else key.encode(), f"pack-file r {hash} {expires}".encode(), "sha256")
        return f"{path}?expires={expires}&signature={mac.hexdigest()}"

    now = int(time.time())
    given = int(re.match(r"expires=(\d+)", query).group(1))
    eq(now + 3500 < given <= now + 3600, True, "how long it is good")
    eq(signed(given), f"{path}?{query}", "what we sign like the server")
    eq(get(server, signed(now + 60)).status, 200, "before its end")
    for expires in now, now - 3600, 0:
        refused(get(server, signed(expires)), 403, "this address has expired: fetch again")
    for expires in "-1", "x", "", 1 << 64:
        refused(get(server, signed(expires)), 403, "the signature of this address is not ours")


def test_git_goes_on_with_what_it_has_of_a_pack():
    server, _ = served()
    hash, uri = offers(clone(server)[1])[0]
    whole = get(server, local(server, uri)).body
    copy = tmp("resumed")
    git("init", "-q", ".", cwd=copy)
    (copy / f".git/objects/pack/pack-{hash}.pack.temp").write_bytes(whole[:MIB])
    result = git("http-fetch", f"--packfile={hash}", "--index-pack-arg=index-pack", "--index-pack-arg=--stdin",
                 "--index-pack-arg=--keep", uri, cwd=copy, env={"GIT_CURL_VERBOSE": "1"})
    eq(result.out, f"keep\t{hash}\n", "what git made of it")
    has(result.err, "206 Partial Content")
    git("verify-pack", f".git/objects/pack/pack-{hash}.idx", cwd=copy)


def test_a_signature_is_for_one_pack_of_one_repository():
    server, _ = served()
    server.create_repo("other")
    (_, one), (_, two) = (map(lambda o: (o[0], local(server, o[1])), offers(clone(server)[1])))
    path, query = one.split("?")
    expires, signature = re.fullmatch(r"expires=(\d+)&signature=([0-9a-f]{64})", query).groups()
    turned = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    words = "the signature of this address is not ours"
    for wrong in (f"{path}?expires={expires}&signature={turned}",
                  f"{path}?expires={int(expires) + 1}&signature={signature}",
                  f"{path}?signature={signature}",
                  f"{path}?expires={expires}&signature={signature[:63]}",
                  f"{path}?expires={expires}&signature=x",
                  f"{two.split('?')[0]}?{query}",
                  one.replace("/r.git", "/other.git"),
                  one.replace("/r.git", "/nothing.git")):
        refused(get(server, wrong), 403, words)
        refused(get(server, wrong, auth="owner"), 403, words)
    for auth, status in ((None, 401), ("owner", 200)):
        eq(get(server, path, auth=auth).status, status, f"without a signature, as {auth}")
        eq(get(server, f"{path}?expires={expires}", auth=auth).status, status, "with half of it")
    server.api("POST", "/collaborators", {"username": "eve", "password": "orbit-candle-fifteen-lamp"}, want=201)
    eve = ("eve", "orbit-candle-fifteen-lamp")
    answers = [get(server, path.replace("/r.git", name), auth=eve) for name in ("/r.git", "/nothing.git")]
    eq([a.status for a in answers], [404, 404], "for somebody who may not read it")
    eq(answers[0].text.replace('"r"', '"nothing"'), answers[1].text, "and as if it were not there")
    answers = [get(server, path.replace("/r.git", name)) for name in ("/r.git", "/nothing.git")]
    eq(answers[0].text.replace('"r"', '"nothing"'), answers[1].text, "likewise for nobody")
    refused(get(server, "/r.git/objects/pack/pack-" + "0" * 40 + ".pack", auth="owner"), 404, "no such pack")
    refused(get(server, "/r.git/objects/pack/pack-x.pack", auth="owner"), 404, "no such pack")
    eq(server.request("POST", one, b"", auth=None).status, 405, "another method")


def test_of_a_public_repository_uris_are_the_same_for_all():
    server, _ = served(visibility="public")
    found = offers(clone(server)[1])
    eq(offers(clone(server, auth=None)[1]), found, "without an account")
    for hash, uri in found:
        eq(uri, f"{server.url}/r.git/objects/pack/pack-{hash}.pack", "the URI")
        answer = get(server, local(server, uri))
        eq((answer.status, answer.headers["cache-control"]), (200, "public, max-age=3600, immutable"), "the answer")


def test_a_pack_is_fetched_in_parts_and_once_for_a_cache():
    server, _ = served(visibility="public")
    hash, uri = offers(clone(server)[1])[0]
    path = local(server, uri)
    whole = get(server, path)
    size, tag = len(whole.body), f'"{hash}"'
    eq((whole.headers["etag"], whole.headers["accept-ranges"]), (tag, "bytes"), "headers")
    eq(int(whole.headers["content-length"]), size, "length")
    for text, first, end in ((f"bytes={MIB}-", MIB, size), ("bytes=0-0", 0, 1), ("bytes=-20", size - 20, size),
                             (f"bytes=5-{2 * size}", 5, size)):
        part = get(server, path, Range=text)
        eq((part.status, part.headers["content-range"]), (206, f"bytes {first}-{end - 1}/{size}"), text)
        eq(part.body == whole.body[first:end], True, f"the bytes of {text}")
        eq(get(server, path, Range=text, If_Range=tag).status, 206, "of this pack")
        eq(get(server, path, Range=text, If_Range='"other"').status, 200, "of another pack")
    part = get(server, path, Range=f"bytes={size}-")
    eq((part.status, part.headers["content-range"]), (416, f"bytes */{size}"), "past the end")
    for text in "bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes", "bytes=-":
        eq(get(server, path, Range=text).status, 200, f"with {text}")
    for known in tag, f"W/{tag}", f'"a", {tag}', "*":
        eq((get(server, path, If_None_Match=known).status), 304, f"for who has {known}")
    eq(get(server, path, If_None_Match='"a"').status, 200, "for who has another")
    head = server.request("HEAD", path, auth=None, headers={"Range": "bytes=0-0"})
    eq((head.status, head.headers["content-length"], head.body), (200, str(size), b""), "the head")


def test_a_retired_pack_is_there_until_it_is_swept():
    server, source = served(env={"NIMBUS_RETENTION": "1s"})
    _, uri = offers(clone(server)[1])[0]
    path = local(server, uri)
    commit_file(source, "more", noise(3))
    git("push", "-q", server.git_url("r"), "main", cwd=source)
    server.admin("admin", "compact", "r", "--full")
    eq(get(server, path).status, 200, "retired")
    found, _ = check_same(server)
    has_not(str(found), path, "what is offered now")
    time.sleep(2.1)
    has(server.admin("admin", "compact").out, "past their time deleted")
    refused(get(server, path), 404, "there is no such pack here any more: fetch again")


def test_the_uri_is_where_the_instance_says_it_is():
    server, _ = served(env={"NIMBUS_URL": "https://git.example.org"})
    refs = git("ls-remote", server.git_url("r")).out.split()
    body = b"".join(b"%04x" % (len(line) + 4) + line for line in
                    (b"command=fetch",)) + b"0001"
    for line in (f"want {refs[0]}", "ofs-delta", "packfile-uris https", "done"):
        body += b"%04x" % (len(line) + 4) + line.encode()
    answer = server.request("POST", "/r.git/git-upload-pack", body + b"0000",
                            {"Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"})
    has(answer.body, b"packfile-uris\n", "the section")
    has(answer.body, b" https://git.example.org/r.git/objects/pack/pack-", "the URI")
    _, result = clone(server, options=("-c", "fetch.uriProtocols=http"))
    eq(offers(result), [], "for who takes http only")


main()
