"""Compaction: few packs of many while the server runs, and nothing about the repository changes."""

import contextlib
import hashlib
import pty
import re
import resource
import threading

from harness import *

FORMATS = ("sha1", "sha256")
# meta/pack.h
MAIN, REST, KEPT, BRANCHES = 3, 4, 5, 6


def rows(server, what="hash, kind, state, objects, bytes, in_row"):
    """The catalogue of packs, as the database has it."""
    return server.sql(f"SELECT {what} FROM pack ORDER BY created")


def live(server):
    return [row for row in rows(server) if row[2] == 1]


def compacted(server):
    return [line for line in server.log_lines() if line["message"] == "compacted"]


def kinds(server):
    return sorted(row[1] for row in live(server))


def objects(path):
    return set(git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)", cwd=path).out.split())


def mirror(url, protocol=2):
    path = tmp("mirror") / "m.git"
    git("clone", "-q", "--mirror", url, path, protocol=protocol)
    git("fsck", "--strict", "--no-dangling", cwd=path)
    return path


def make_pushed(server, name, pushes=12, **more):
    """A repository that came by many pushes, with a branch that is not merged."""
    source = make_repo(commits=40, **more)
    url = server.git_url(name)
    server.create_repo(name, object_format=more.get("object_format", "sha1"))
    commits = git("rev-list", "--reverse", "--first-parent", "main", cwd=source).out.split()
    for at in range(0, len(commits), max(1, len(commits) // pushes)):
        git("push", "-q", url, f"{commits[at]}:refs/heads/main", cwd=source)
    git("checkout", "-q", "-b", "side", cwd=source)
    commit_file(source, "side.txt", "of the side\n" * 200)
    git("push", "-q", url, "--all", cwd=source)
    git("push", "-q", url, "--tags", cwd=source)
    git("checkout", "-q", "-b", "proposed", "main", cwd=source)
    commit_file(source, "proposed.txt", "not a branch there\n" * 200)
    git("push", "-q", url, "proposed:refs/pull/1/head", cwd=source)
    git("checkout", "-q", "side", cwd=source)
    git("branch", "-q", "-D", "proposed", cwd=source)
    return source, url


def off(**more):
    return Nimbus(env={"NIMBUS_COMPACT": "off", **more})


def compact_full_keeps_everything(format, path=None):
    server = off(**({"NIMBUS_PACK_INLINE_MAX": path} if path else {}))
    make_pushed(server, "r", object_format=format)
    url = server.git_url("r")
    before, refs_before = objects(mirror(url)), refs(url)
    has(server.admin("admin", "compact", "r", "--full").out, "became 3 packs")
    eq(kinds(server), [MAIN, REST, BRANCHES], "the kinds of packs")
    eq(refs(url), refs_before, "refs")
    for protocol in (0, 1, 2):
        eq(objects(mirror(url, protocol)), before, f"objects by protocol {protocol}")
    checked = server.admin("admin", "fsck").out
    has(checked, "3 packs")
    has_not(checked, "belong to nothing")
    names = {row[1]: sorted(path.suffix for path in server.data.glob(f"blob/*/*/pack/{row[0].hex()}.*"))
             for row in live(server)}
    eq(names, {MAIN: [".idx", ".pack"], BRANCHES: [".idx", ".pack"],
               REST: [".bitmap", ".graph", ".idx", ".midx", ".pack"]}, "files of the packs")
    single = tmp("single") / "s"
    git("clone", "-q", "--single-branch", url, single)
    git("fsck", "--strict", "--no-dangling", cwd=single)
    main = [row for row in live(server) if row[1] == MAIN][0]
    reached = git("rev-list", "--objects", "--no-object-names", "HEAD", cwd=single).out.split()
    eq(len(reached), main[3], "objects that the default branch leads to, and those of its pack")


@embedded("it looks into the folder of blobs")
def test_a_full_compaction_changes_no_object_and_no_ref():
    for format in FORMATS:
        compact_full_keeps_everything(format)


@embedded("it looks into the folder of blobs")
def test_packs_that_are_files_are_compacted_like_those_in_rows():
    compact_full_keeps_everything("sha1", path="0")


def mapped(server, suffix):
    """The files of that kind that the server has open, which are still there."""
    lines = Path(f"/proc/{server.process.pid}/maps").read_text().splitlines()
    return {line.split()[5] for line in lines if line.endswith(suffix)}


@embedded("it looks into the folder of blobs")
def test_when_only_main_has_moved_the_server_takes_the_new_bitmap():
    server = off()
    source, url = make_pushed(server, "r")
    seen = set()
    for n in range(3):
        server.admin("admin", "compact", "r", "--full")
        mirror(url)
        there = {str(path) for path in server.data.glob("blob/*/*/pack/*.midx")}
        now = mapped(server, ".midx")
        eq(len(now), 1, "indexes of several packs that are open")
        eq(now <= there, True, "it is there")
        eq(now & seen, set(), "and was not there before")
        seen |= now
        git("checkout", "-q", "main", cwd=source)
        commit_file(source, "moved.txt", f"{n}\n")
        git("push", "-q", url, "main", cwd=source)


def test_on_a_terminal_it_shows_how_far_it_is():
    bundle = shared("data/cgit.bundle")  # it takes longer than a bar stays as it is
    server, path = off(), tmp("cgit") / "cgit.git"
    server.create_repo("r")
    git("clone", "-q", "--mirror", bundle, path)
    git("push", "-q", "--mirror", server.git_url("r"), cwd=path)
    for terminal in True, False:
        ours, theirs = pty.openpty() if terminal else os.pipe()
        process = subprocess.Popen([server.binary, "admin", "compact", "r", "--full"], env=server.environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # what a terminal says when nobody has it open any more
            while part := os.read(ours, 4096):
                shown += part
        os.close(ours)
        has(process.communicate()[0].decode(), "r: ", "what is told at the end")
        eq(process.returncode, 0, "the exit code")
        bars = re.findall(rb"\rr?\x1b\[Kr: [A-Z][a-z ]+ \[=*>? *\] (\d+)%", shown)
        if not terminal:
            eq(shown, b"", "beside what is told, to a file")
        elif not bars or max(map(int, bars)) > 100:
            fail(f"no progress is shown: {shown}")
        else:
            eq(shown.endswith(b"\r\x1b[K"), True, "and is taken away")


def test_refs_that_change_places_leave_one_bitmap():
    server = off()
    source, url = make_pushed(server, "r")
    server.admin("admin", "compact", "r", "--full")
    side, pull = (refs(url)[name] for name in ("refs/heads/side", "refs/pull/1/head"))
    git("fetch", "-q", url, pull, cwd=source)
    git("push", "-q", "-f", url, f"{pull}:refs/heads/side", f"{side}:refs/pull/1/head", cwd=source)
    server.admin("admin", "compact", "r", "--full")
    eq(sorted(row[0] & 7 for row in rows(server, "derived, state, kind") if row[1] == 1), [0, 0, 7], "what lies beside them")
    objects(mirror(url))


def test_without_git_packs_are_put_together_as_they_are():
    server = off()
    make_pushed(server, "r")
    url = server.git_url("r")
    before = objects(mirror(url))
    run([server.binary, "admin", "compact", "r", "--full"],
        env={**server.environment(), "NIMBUS_REPACK": "copy"})
    eq(kinds(server), [MAIN, REST, BRANCHES], "the kinds of packs")
    eq(objects(mirror(url)), before, "objects")
    server.admin("admin", "fsck")


def test_small_pushes_are_rolled_up():
    server = off()
    source, url = make_pushed(server, "r", pushes=2)
    server.admin("admin", "compact", "r", "--full")
    for i in range(40):
        commit_file(source, "side.txt", f"{i}\n")
        git("push", "-q", url, "side", cwd=source)
    server.admin("admin", "compact", "r")
    if len(live(server)) > 12:
        fail(f"{len(live(server))} packs are left")
    eq(git("rev-parse", "side", cwd=source).out.strip(), refs(url)["refs/heads/side"], "the branch")
    mirror(url)
    has(server.admin("admin", "fsck").out, "1 repository")
    has(server.admin("admin", "compact", "r").out, "nothing to do")


def test_the_worker_does_it_by_itself_after_pushes():
    server = Nimbus(env={"NIMBUS_COMPACT_DELAY": "100ms"})
    _, url = make_pushed(server, "r", pushes=30)
    wait_until(lambda: compacted(server), 60, "a compaction")
    wait_until(lambda: len(live(server)) < 10, 60, "few packs")
    mirror(url)
    server.admin("admin", "fsck")


def restore(server, name, ref, tip):
    """Creates a ref on an object that the server has, with an empty pack."""
    raw = b"PACK" + (2).to_bytes(4, "big") + (0).to_bytes(4, "big")
    line = f"{'0' * 40} {tip} {ref}\0 report-status object-format=sha1".encode()
    body = b"%04x" % (len(line) + 4) + line + b"0000" + raw + hashlib.sha1(raw).digest()
    return server.request("POST", f"/{name}.git/git-receive-pack", body,
                          {"Content-Type": "application/x-git-receive-pack-request"}).text


def test_a_deleted_branch_can_be_restored_within_the_retention_time():
    server = off()
    source, url = make_pushed(server, "r")
    tip = git("rev-parse", "side", cwd=source).out.strip()
    git("push", "-q", url, "--delete", "side", cwd=source)
    for _ in range(2):
        server.admin("admin", "compact", "r", "--full")
    eq(kinds(server), [MAIN, REST, KEPT, BRANCHES], "the kinds of packs")
    has(restore(server, "r", "refs/heads/again", tip), "ok refs/heads/again")
    copy = mirror(url)
    eq(git("rev-parse", "refs/heads/again", cwd=copy).out.strip(), tip, "the restored branch")
    server.admin("admin", "compact", "r", "--full")
    eq(kinds(server), [MAIN, REST, BRANCHES], "the kinds of packs")


@embedded("it looks into the folder of blobs")
def test_after_the_retention_time_what_nothing_uses_is_gone():
    server = off(NIMBUS_RETENTION="1s")
    source, url = make_pushed(server, "r")
    tip = git("rev-parse", "side", cwd=source).out.strip()
    git("push", "-q", url, "--delete", "side", cwd=source)
    server.admin("admin", "compact", "r", "--full")
    wait_until(lambda: "left out" in server.admin("admin", "compact", "r", "--full").out, what="objects that go")
    has_not(restore(server, "r", "refs/heads/again", tip), "ok refs/heads/again")
    time.sleep(2.1)
    has(server.admin("admin", "compact").out, "past their time deleted")
    eq([row for row in rows(server) if row[2] == 2], [], "retired packs")
    kept = {path.name.split(".")[0] for path in server.data.glob("blob/*/*/pack/*")}
    eq(kept, {row[0].hex() for row in live(server)}, "files")
    mirror(url)
    has_not(server.admin("admin", "fsck").out, "belong to nothing")


def age(server, seconds):
    """As if so much time had passed since everything."""
    server.sql("UPDATE ref_log SET time = time - ?", seconds)
    server.sql("UPDATE pack SET created = created - ?", seconds)
    server.sql("UPDATE pack SET retired = retired - ? WHERE state = 2", seconds)


def test_what_is_still_protected_is_not_looked_at_each_time():
    server = off(NIMBUS_RETENTION="6h")
    source, url = make_pushed(server, "r")
    tip = git("rev-parse", "side", cwd=source).out.strip()
    git("push", "-q", url, "--delete", "side", cwd=source)
    server.admin("admin", "compact", "r", "--full")
    age(server, 4 * 3600)
    has(restore(server, "r", "refs/heads/again", tip), "ok refs/heads/again")
    git("push", "-q", url, "--delete", "again", cwd=source)
    age(server, 3 * 3600)
    has(server.admin("admin", "compact", "r").out, "became")
    eq(kinds(server), [MAIN, REST, KEPT, BRANCHES], "the kinds of packs")
    has(server.admin("admin", "compact", "r").out, "nothing to do")


def test_clones_and_pushes_go_on_meanwhile():
    server = off()
    source, url = make_pushed(server, "r")
    end, wrong = threading.Event(), []

    def clone(number):
        while not end.is_set():
            path = tmp("clone") / "c"
            result = git("clone", "-q", "--bare", url, path, check=False, protocol=2 if number else 0)
            if result.code or git("fsck", "--strict", "--no-dangling", cwd=path, check=False).code:
                wrong.append(result)
                return

    threads = [threading.Thread(target=clone, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    tips = []
    for i in range(8):
        compacting = threading.Thread(target=lambda: server.admin("admin", "compact", "r", "--full"))
        compacting.start()
        for k in range(3):
            tips.append(commit_file(source, "side.txt", f"{i} {k}\n"))
            git("push", "-q", url, "side", cwd=source)
        compacting.join()
    end.set()
    for thread in threads:
        thread.join()
    eq(wrong, [], "clones that failed")
    eq(refs(url)["refs/heads/side"], tips[-1], "the branch that was pushed to")
    server.admin("admin", "compact", "r", "--full")
    eq(len(live(server)), 3, "packs")
    if not set(tips) <= objects(mirror(url)):
        fail("a commit that was pushed is lost")
    server.admin("admin", "fsck")


def test_two_processes_never_compact_one_repository_at_once():
    server = off()
    make_pushed(server, "r")
    id = server.sql("SELECT id FROM repo")[0][0]
    server.sql("INSERT INTO lease VALUES (?, 'another', ?)", f"compact/{id}", int(time.time()) + 60)
    result = server.admin("admin", "compact", "r", "--full", check=False)
    eq(result.code, 12, "exit code")
    has(result.err, "another process is compacting")
    server.sql("UPDATE lease SET expires = ?", int(time.time()) - 10)
    has(server.admin("admin", "compact", "r", "--full").out, "became 3 packs")


def test_what_a_killed_compaction_leaves_behind_goes():
    server = off()
    make_pushed(server, "r")
    scratch = server.data / "scratch"
    scratch.mkdir(exist_ok=True)
    (scratch / "00ff.lock").write_text("")
    (scratch / "00ff" / "objects").mkdir(parents=True)
    (scratch / "00ff" / "objects" / "x").write_text("x")
    server.admin("admin", "compact", "r")
    eq(list(scratch.iterdir()), [], "what is left in the scratch folder")


def processor_seconds(server):
    """Of the server and of the programs that it has run to their end."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def processor_seconds_of_programs():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@embedded("memory is counted for a home")
@timeout(900)
def test_a_large_repository_takes_the_worker_no_longer_than_the_command_and_memory_stays_small():
    bundle = shared("data/libuv.bundle")
    server = Nimbus(env={"NIMBUS_COMPACT_DELAY": "200ms"})
    server.create_repo("uv")
    path = tmp("uv") / "uv.git"
    git("clone", "-q", "--mirror", bundle, path)
    git("push", "-q", "--mirror", server.git_url("uv"), cwd=path)
    # In its own time: it gives way to whatever else the machine does.
    before = processor_seconds(server)
    wait_until(lambda: compacted(server), 700, "a compaction")
    worker = processor_seconds(server) - before
    eq(kinds(server), [MAIN, REST, BRANCHES], "the kinds of packs")
    before = processor_seconds_of_programs()
    server.admin("admin", "compact", "uv", "--full")
    command = processor_seconds_of_programs() - before
    print(f"# {worker:.1f} s by the worker, {command:.1f} s by the command")
    if worker > 3 * command + 10:
        fail(f"the worker took {worker:.1f} s of a processor for what takes the command {command:.1f} s")
    time.sleep(3)
    if "asan" in str(server.binary):
        print("# this build cannot tell how much memory is resident: it is sanitized")
    elif server.rss_kib() > 30 * 1024:
        fail(f"{server.rss_kib()} KiB are resident")


main()
