"""What fleets of builds clone is made before they ask."""

from harness import *

WISHES = 6


def grown(path, commits=900):
    """A history that is worth the work: three objects with each commit."""
    git("init", "-q", "--bare", "--initial-branch=main", path)
    stream = []
    for n in range(1, commits + 1):
        text = f"{n}\n" * 50
        stream.append(f"commit refs/heads/main\nmark :{n}\ncommitter A <a@b> {1700000000 + n} +0000\ndata 1\nx\n")
        stream.append(f"M 100644 inline file{n % 40}\ndata {len(text)}\n{text}\n")
    stream.append(f"reset refs/heads/side\nfrom :{commits // 2}\n\n")
    stream.append(f"tag v1\nfrom :{commits}\ntagger A <a@b> 1 +0000\ndata 1\nx\n")
    git("fast-import", "--quiet", cwd=path, input="".join(stream))
    return path


def prepared(server):
    return [line for line in server.log_lines() if line["message"] == "prepared"]


def test_clones_of_a_fleet_are_answered_from_what_was_prepared():
    server = Nimbus(env={"NIMBUS_COMPACT_DELAY": "200ms"})
    source = grown(tmp("source") / "s.git")
    server.create_repo("r", visibility="public")
    url = server.git_url("r", auth=None)
    git("push", "-q", "--mirror", server.git_url("r"), cwd=source)
    wait_until(lambda: prepared(server), 60, "packs that are prepared")
    eq(prepared(server)[-1]["packs"], WISHES, "packs")
    folder = tmp("clones")
    tip = git("rev-parse", "main", cwd=source).out.strip()
    clones = {
        "whole": ["clone", "-q", "--no-checkout", url],
        "branch": ["clone", "-q", "--no-checkout", "--single-branch", url],
        "depth": ["clone", "-q", "--depth", "1", "--no-checkout", url],
        "blobless": ["clone", "-q", "--filter=blob:none", "--no-checkout", url],
        "single": ["clone", "-q", "--filter=blob:none", "--no-checkout", "--single-branch", url],
    }
    for name, command in clones.items():
        git(*command, folder / name)
    git("init", "-q", folder / "ci")
    git("fetch", "-q", "--depth", "1", "--no-tags", url, tip, cwd=folder / "ci")
    for name in (*clones, "ci"):
        git("fsck", "--no-dangling", cwd=folder / name)
    server.stop()
    told = [line for line in server.log_lines() if line.get("message") == "packs"][-1]
    eq((told["made"], told["hits"]), (WISHES, WISHES), "packs made, and answered from what was there")


def test_after_a_push_they_are_prepared_anew():
    server = Nimbus(env={"NIMBUS_COMPACT_DELAY": "200ms"})
    source = grown(tmp("source") / "s.git")
    server.create_repo("r", visibility="public")
    git("push", "-q", "--mirror", server.git_url("r"), cwd=source)
    wait_until(lambda: prepared(server), 60, "packs that are prepared")
    git("push", "-q", server.git_url("r"), "main~1:refs/heads/new", cwd=source)
    wait_until(lambda: len(prepared(server)) > 1, 60, "packs that are prepared anew")


def test_a_small_repository_needs_none():
    server = Nimbus(env={"NIMBUS_COMPACT_DELAY": "100ms"})
    source = make_repo(commits=3)
    server.create_repo("small")
    server.create_repo("large", visibility="public")
    git("push", "-q", server.git_url("small"), "main", cwd=source)
    git("push", "-q", "--mirror", server.git_url("large"), cwd=grown(tmp("source") / "s.git"))
    wait_until(lambda: prepared(server), 60, "packs that are prepared")
    eq({line["repo"] for line in prepared(server)}, {"large"}, "repositories")


main()
