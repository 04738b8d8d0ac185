"""
A PostgreSQL that ends transactions for others' sake, that is away, and that comes back: what who pushes and who asks
is told, and that nobody has to restart anything.
"""

import concurrent.futures
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
import services

# A sequence is no part of a transaction: it counts those that were ended, too.
LOSE = """
CREATE SEQUENCE tries;
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('tries') % {every} <> 0 THEN RAISE EXCEPTION 'lost' USING ERRCODE = '{state}'; END IF;
  RETURN NULL; END $$;
CREATE TRIGGER lose AFTER INSERT ON ref_log FOR EACH STATEMENT EXECUTE FUNCTION lose();
"""
WIN = "DROP TRIGGER lose ON ref_log; DROP FUNCTION lose(); DROP SEQUENCE tries"
FOR_ANOTHERS_SAKE = ["40001", "40P01"]


@contextlib.contextmanager
def postgres():
    try:
        server = services.Postgres()
    except services.Missing as why:
        skip(str(why))
    try:
        yield server
    finally:
        server.stop()


def served(database, **env):
    s = Nimbus(env={"NIMBUS_DB": database.url, **env})
    s.create_repo("r")
    work = tmp("work")
    git("init", "-q", ".", cwd=work)
    commit_file(work, "a.txt", "one\n")
    git("push", "-q", s.git_url("r"), "main", "main:other", cwd=work)
    return s, work


def tip_of(s):
    return refs(s.git_url("r"))["refs/heads/main"]


def push(s, work, text, check=True):
    """The commit that was pushed, and how the push went."""
    new = commit_file(work, "a.txt", text)
    return new, git("push", "-q", s.git_url("r"), "main", cwd=work, check=check)


def psql(database, sql):
    return services.psql(database.url, "-c", sql)


def test_a_push_that_the_database_ends_for_anothers_sake_is_tried_again():
    with postgres() as database:
        s, work = served(database)
        for state in FOR_ANOTHERS_SAKE:
            psql(database, LOSE.format(every=3, state=state))
            for n in range(3):
                new, _ = push(s, work, f"{state} {n}\n")
                eq(tip_of(s), new, "the branch")
            eq(psql(database, "SELECT last_value FROM tries").strip(), "9", "tries of three pushes")
            psql(database, WIN)
        eq(psql(database, "SELECT count(*) FROM ref_log").strip(), "8", "changes in the log: one for each branch that was pushed")
        s.admin("admin", "fsck")


def test_who_loses_every_time_is_told_so_and_may_come_again():
    with postgres() as database:
        s, work = served(database)
        before = tip_of(s)
        psql(database, LOSE.format(every=1000, state="40001"))
        new, result = push(s, work, "two\n", check=False)
        eq(result.code, 1, f"exit code: {result}")
        has(result.err, "a service it needs is not available", "what git says")
        has_not(result.err, "40001", "what git says")
        eq(tip_of(s), before, "the branch")
        answer = s.api("DELETE", "/repos/r/refs/heads/other")
        eq(answer.status, 503, f"a branch by the API: {answer}")
        has(answer.headers, "retry-after", "the answer")
        has(str(s.log_lines()), "40001", "the log")
        psql(database, WIN)
        git("push", "-q", s.git_url("r"), "main", cwd=work)
        eq(tip_of(s), new, "the branch, afterwards")


def test_a_push_that_dead_locks_with_somebody_else_gets_through():
    """Who works in the database by hand takes rows in another order, and is never the one that is ended."""
    with postgres() as database:
        s, work = served(database)
        by_hand = """
            BEGIN; SET LOCAL deadlock_timeout = '60s'; UPDATE repo SET shed = shed;
            DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP PERFORM pg_sleep(0.02);
            END LOOP; END $$;
            UPDATE ref SET peeled = peeled; COMMIT"""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            other = pool.submit(psql, database, by_hand)
            wait_until(lambda: psql(database, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%BEGIN; SET%' "
                                    "AND wait_event = 'PgSleep'") != "0\n", what="that the other has the first of them")
            new, _ = push(s, work, "two\n")
            other.result(60)
        eq(tip_of(s), new, "the branch")
        wait_until(lambda: psql(database, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
                   != "0\n", what="a dead-lock")


def test_while_it_is_away_it_is_named_and_afterwards_all_goes_on():
    with postgres() as database:
        s, work = served(database)
        for how in signal.SIGINT, signal.SIGQUIT:
            database.halt(how)
            answer = s.get("/r")
            eq(answer.status, 503, f"a page: {answer}")
            has(answer.headers, "retry-after", "the page")
            eq(s.get("/readyz", auth=None).status, 503, "readiness")
            eq(s.get("/healthz", auth=None).status, 200, "health: a restart would help nobody")
            new, result = push(s, work, f"{how}\n", check=False)
            eq(result.code != 0, True, f"a push: {result}")
            wait_until(lambda: "the database at 127.0.0.1" in str(s.log_lines()), what="its name in the log")
            database.launch()
            git("push", "-q", s.git_url("r"), "main", cwd=work)
            eq(tip_of(s), new, "the branch")
            eq(s.get("/readyz", auth=None).status, 200, "readiness")


def children(process):
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == process:
                yield int(path.parent.name)


def test_one_that_hangs_holds_nobody_for_longer_than_a_request_may_take():
    with postgres() as database:
        s, work = served(database, NIMBUS_REQUEST_TIMEOUT="2s")
        eq(s.get("/r").status, 200, "a page")
        stopped = [database.process.pid, *children(database.process.pid)]
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        try:
            for path in "/r", "/api/v1/repos/r", "/r.git/info/refs?service=git-upload-pack":
                began = time.monotonic()
                answer = s.get(path)
                took = time.monotonic() - began
                eq((answer.status in (503, 504), took < 15), (True, True), f"{path}: {answer} after {took:.1f} s")
            new, result = push(s, work, "two\n", check=False)
            eq(result.code != 0, True, f"a push: {result}")
            eq(s.get("/healthz", auth=None).status, 200, "health")
        finally:
            for process in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)
        git("push", "-q", s.git_url("r"), "main", cwd=work)
        eq((tip_of(s), s.get("/r").status), (new, 200), "the branch, and the page")


main()
