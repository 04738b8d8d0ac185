#!/usr/bin/env python3
"""
Secrets from HashiCorp's own Vault: signing in to it, what one may read there, and logins to the database that it makes
and ends. The Kubernetes behind it is the recorded API server of tests/kube.py.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *  # noqa: E402,F403
from kube import REVIEWS, Cluster, token_of  # noqa: E402
from work import Work  # noqa: E402

VAULT = os.environ.get("NIMBUS_TEST_VAULT")

POLICY = """
path "secret/data/wire" { capabilities = ["read"] }
path "database/creds/*" { capabilities = ["read"] }
"""


def ask(path, what=None):
    return services.vault_ask(VAULT, path, what)


def vault():
    """Its address, as Nimbus is told it; there are a policy, `wire`, and the secret that it allows to read."""
    VAULT or skip("NIMBUS_TEST_VAULT is not set: `./dev test --peers` builds one and sets it")
    ask("sys/policies/acl/wire", {"policy": POLICY})
    ask("secret/data/wire", {"data": {"owner": PASSWORD}})
    return {"NIMBUS_VAULT_ADDR": VAULT.partition("?")[0], "NIMBUS_OWNER_PASSWORD": "vault:secret/data/wire#owner"}


def enable(kind, where):
    if f"{where}/" not in ask(f"sys/{kind}")["data"]:
        ask(f"sys/{kind}/{where}", {"type": where})


def token(**more):
    return ask("auth/token/create", {"policies": ["wire"], **more})["auth"]["client_token"]


def app_role(name, **more):
    enable("auth", "approle")
    ask(f"auth/approle/role/{name}", {"token_policies": "wire", **more})
    return {"NIMBUS_VAULT_ROLE_ID": ask(f"auth/approle/role/{name}/role-id")["data"]["role_id"],
            "NIMBUS_VAULT_SECRET_ID": ask(f"auth/approle/role/{name}/secret-id", {})["data"]["secret_id"]}


def said_at_the_start(env):
    """The one line with which the server ends."""
    result = run([BUILD / "nimbus", "serve"], check=False, timeout=60, env={
        "PATH": os.environ["PATH"], "NIMBUS_DATA": str(tmp()), "NIMBUS_LISTEN": "127.0.0.1:0", **env})
    lines = result.err.splitlines()
    if not result.code or len(lines) != 1 or not lines[0].startswith("nimbus serve: "):
        fail(f"no one line: {result}")
    return lines[0]


def test_a_token_reads_what_is_there_now():
    env = {**vault(), "NIMBUS_VAULT_TOKEN": token()}
    eq(Nimbus(env=env).get("/api/v1/repos").status, 200, "with the password in Vault")
    ask("secret/data/wire", {"data": {"owner": "another password"}})
    server = Nimbus(env=env)
    eq(server.get("/api/v1/repos").status, 401, "with the version before")
    eq(server.get("/api/v1/repos", auth=(OWNER, "another password")).status, 200, "with the latest version")
    ask("secret/delete/wire", {"versions": [ask("secret/data/wire")["data"]["metadata"]["version"]]})
    has(said_at_the_start(env), "reading NIMBUS_OWNER_PASSWORD: Vault has nothing at secret/data/wire")


def test_an_app_role_signs_in():
    env = {**vault(), **app_role("wire")}
    eq(Nimbus(env=env).get("/api/v1/repos").status, 200, "with the password in Vault")
    line = said_at_the_start({**env, "NIMBUS_VAULT_SECRET_ID": "s.wrong"})
    has(line, "signing in with NIMBUS_VAULT_ROLE_ID and NIMBUS_VAULT_SECRET_ID: ")
    has(line, "invalid secret id")
    has_not(line, "s.wrong")


def test_a_service_account_of_a_recorded_kubernetes_signs_in():
    env, cluster, jwt = vault(), Cluster(), tmp() / "jwt"
    enable("auth", "kubernetes")
    cluster.token_file.write_text(token_of("vault", "vault"))
    ask("auth/kubernetes/config", {
        "kubernetes_host": f"https://127.0.0.1:{cluster.server.server_port}", "disable_local_ca_jwt": True,
        "kubernetes_ca_cert": cluster.authority.root.read_text(),
        "token_reviewer_jwt": cluster.token_file.read_text()})
    ask("auth/kubernetes/role/wire", {
        "bound_service_account_names": "nimbus", "bound_service_account_namespaces": "git", "audience": "nimbus",
        "token_policies": "wire"})
    env |= {"NIMBUS_VAULT_KUBERNETES_ROLE": "wire", "NIMBUS_VAULT_KUBERNETES_JWT": str(jwt)}
    jwt.write_text(cluster.add("nimbus", "git") + "\n")
    eq(Nimbus(env=env).get("/api/v1/repos").status, 200, "with the password in Vault")
    eq([spec["audiences"] for spec in cluster.reviews(REVIEWS)], [["nimbus"]], "what Vault asked the cluster")
    jwt.write_text(cluster.add("nimbus", "elsewhere"))
    line = said_at_the_start(env)
    has(line, "signing in with NIMBUS_VAULT_KUBERNETES_ROLE: Vault refuses auth/kubernetes/login")
    has(line, "namespace not authorized")
    cluster.close()


def test_what_one_may_not_read_is_said_at_the_start():
    env = vault()
    for given, said in ((token(policies=["default"]), "Vault refuses secret/data/wire: permission denied"),
                        (token(no_default_policy=True), "Vault refuses auth/token/lookup-self: permission denied"),
                        ("hvs.nobodys", "Vault refuses auth/token/lookup-self: permission denied")):
        line = said_at_the_start({**env, "NIMBUS_VAULT_TOKEN": given})
        has(line, said)
        has_not(line, given)


def postgres_of_vault(lease, longest):
    """A PostgreSQL where logins that Vault makes, in the role `app`, have to say their passwords; lent for so long."""
    postgres = services.Postgres()
    hba = postgres.data / "pg_hba.conf"
    hba.write_text("host all +app 127.0.0.1/32 scram-sha-256\n" + hba.read_text())
    services.psql(postgres.url, "-c", "CREATE ROLE app", "-c", "CREATE DATABASE app OWNER app",
                  "-c", "SELECT pg_reload_conf()")
    enable("mounts", "database")
    ask("database/config/app", {"plugin_name": "postgresql-database-plugin", "allowed_roles": "*",
                                "connection_url": f"postgresql://nimbus@127.0.0.1:{postgres.port}/app"})
    ask("database/roles/app", {
        "db_name": "app", "default_ttl": lease, "max_ttl": longest, "revocation_statements": ['DROP ROLE "{{name}}"'],
        "creation_statements": [
            """CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app""",
            'ALTER ROLE "{{name}}" SET role = app']})
    return postgres


def leases_renewed():
    """The leases of logins that were renewed and are still there."""
    renewed = set()
    with contextlib.suppress(RuntimeError):  # there is none, or it has just ended
        for name in ask("sys/leases/lookup/database/creds/app?list=true")["data"]["keys"]:
            about = ask("sys/leases/lookup", {"lease_id": f"database/creds/app/{name}"})["data"]
            renewed |= {name} if about["last_renewal"] else set()
    return renewed


def work_with_logins(sign_in, lease, longest):
    """Requests while Vault makes logins and ends them. Returns how many leases were renewed."""
    env, postgres = vault(), postgres_of_vault(lease, longest)
    try:
        server = Nimbus(env={**env, **sign_in(), "NIMBUS_DB": f"postgres://127.0.0.1:{postgres.port}/app",
                             "NIMBUS_DB_USER": "vault:database/creds/app#username",
                             "NIMBUS_DB_PASSWORD": "vault:database/creds/app#password"})
        server.create_repo("r")
        work, users, renewed = Work(server, threads=1), [], set()

        def two_have_ended():
            roles = services.psql(postgres.url, "-c", "SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'").split()
            users.extend(name for name in roles if name not in users)
            renewed.update(leases_renewed())
            return len([name for name in users if name not in roles]) >= 2
        wait_until(two_have_ended, 90, "that two logins came to their end")
        work.goes_on()
        work.end()
        eq(work.failed, [], "failed requests")
        server.stop()
        return len(renewed)
    finally:
        postgres.stop()


def test_a_lease_is_renewed_and_its_successor_is_there_before_it_ends():
    if not work_with_logins(lambda: {"NIMBUS_VAULT_TOKEN": token()}, "4s", "9s"):
        fail("no lease was renewed")


def test_logins_that_end_with_their_token_have_successors_too():
    work_with_logins(lambda: app_role("short", token_ttl="3s", token_max_ttl="6s"), "1h", "1h")


main()
