"""The database's password is changed while people work: nobody notices."""

from harness import *
from work import Work


def server_with_passwords():
    """A PostgreSQL where the role `app` has to say a password."""
    try:
        postgres = services.Postgres()
    except services.Missing as why:
        skip(str(why))
    hba = postgres.data / "pg_hba.conf"
    hba.write_text("host all app 127.0.0.1/32 scram-sha-256\n" + hba.read_text())
    services.psql(postgres.url, "-c", "CREATE ROLE app LOGIN PASSWORD 'first'", "-c", "CREATE DATABASE app OWNER app",
                  "-c", "SELECT pg_reload_conf()")
    return postgres


def write_secret(path, text):
    """As Kubernetes does: the whole file at once."""
    new = path.with_suffix(".new")
    new.write_text(text + "\n")
    new.rename(path)


def push_one(work, name):
    (work / name).write_text(name)
    git("add", ".", cwd=work)
    git("commit", "-qm", name, cwd=work)
    git("push", "-q", "origin", "HEAD", cwd=work)


def test_a_password_in_a_file_is_changed_and_no_request_fails():
    postgres = server_with_passwords()
    try:
        secret = tmp() / "password"
        write_secret(secret, "first")
        server = Nimbus(env={"NIMBUS_DB": f"postgres://127.0.0.1:{postgres.port}/app", "NIMBUS_DB_USER": "app",
                             "NIMBUS_DB_PASSWORD_FILE": secret, "NIMBUS_DB_CONNECTIONS": "4"})
        server.create_repo("r")
        copy = tmp() / "copy"
        git("clone", "-q", server.git_url("r"), copy)
        work = Work(server)
        for number, order in enumerate(["database first", "file first", "database first"]):
            push_one(copy, f"before-{number}")
            password = f"p@ss/{number}:%"
            changes = [lambda: services.psql(postgres.url, "-c", f"ALTER ROLE app PASSWORD '{password}'"),
                       lambda: write_secret(secret, password)]
            if order == "file first":
                changes.reverse()
            changes[0]()
            # Both orders have a time in between in which the two do not agree.
            time.sleep(1.5)
            changed = services.psql(postgres.url, "-c", "SELECT now()").strip()
            changes[1]()
            old = f"SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND backend_start < '{changed}'"
            wait_until(lambda: services.psql(postgres.url, "-c", old).strip() == "0", 60,
                       "that no connection is of before the change")
            push_one(copy, f"after-{number}")
            work.goes_on()
        work.end()
        eq(work.failed, [], "failed requests")
        server.stop()
    finally:
        postgres.stop()


def test_a_wrong_password_is_a_clear_line_at_the_start():
    postgres = server_with_passwords()
    try:
        env = {"NIMBUS_DB": f"postgres://app:wrong@127.0.0.1:{postgres.port}/app", "NIMBUS_DATA": str(tmp("data")),
               "PATH": os.environ["PATH"]}
        ran = subprocess.run([str(BUILD / "nimbus"), "admin", "user", "list"], env=env, capture_output=True, text=True,
                             timeout=60)
        has(ran.stderr, "password authentication failed")
        has_not(ran.stderr, "wrong")
    finally:
        postgres.stop()


main()
