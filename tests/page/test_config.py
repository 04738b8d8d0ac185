"""The command line and the environment: what is asked is answered, what is wrong is named."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *

BINARY = Path(os.environ.get("NIMBUS_BIN", ROOT / "build-asan" / "nimbus"))


def nimbus(*args, **env):
    return run([BINARY, *args], env={"PATH": os.environ["PATH"], **env}, check=False, timeout=20)


def test_the_reference_page_is_what_the_program_says():
    eq((ROOT / "docs/configuration.md").read_text(), nimbus("config", "--markdown").out,
       "docs/configuration.md (make it with `nimbus config --markdown`)")


def test_every_setting_is_shown_with_value_and_origin():
    out = nimbus("config", NIMBUS_LISTEN=":9", NIMBUS_OWNER_PASSWORD="swordfish").out
    has(out, "NIMBUS_LISTEN=:9  (environment)")
    has(out, "NIMBUS_OWNER=owner  (default)")
    has(out, "NIMBUS_OWNER_PASSWORD=(hidden)  (environment)")
    has_not(out, "swordfish")
    names = re.findall(r'^(?:TEXT|SECRET|WORD|INT|BYTES|TIME|NAMES|EACH|EACH_SECRET)\((?:\w+, )+"([\w<>]+)"', (ROOT / "src/main/config.def").read_text(), re.M)
    for name in names:
        has(out, f"\n{name}=")
    if len(names) < 30:
        fail(f"only {len(names)} settings were found in the table")


def test_a_setting_that_makes_no_sense_stops_the_start():
    result = nimbus("serve", NIMBUS_WORKERS="many", NIMBUS_LISTN="x", NIMBUS_DATA=str(tmp()))
    eq(result.code, 2, "exit code")
    has(result.err, "NIMBUS_WORKERS=many is not a whole number from 0 to 1024")
    has(result.err, "NIMBUS_LISTN is not a setting; did you mean NIMBUS_LISTEN?")


def test_the_key_that_secrets_are_sealed_with_is_made_once_and_never_told():
    s = Nimbus()
    file = s.data / "seal.key"
    key = file.read_text()
    eq(file.stat().st_mode & 0o777, 0o600, "the mode of seal.key")
    s.restart()
    eq(file.read_text(), key, "seal.key after a restart")
    has_not(s.stderr(), key.strip(), "the log")
    s.stop()
    file.write_text("\n")
    result = s.admin("admin", "user", "list", check=False)
    has(result.err, "seal.key holds no key", "the error")
    for wrong in ("swordfish", "ab" * 31, ","):
        result = nimbus("serve", NIMBUS_SEAL_KEY=wrong, NIMBUS_DATA=str(tmp()), NIMBUS_LISTEN="127.0.0.1:0")
        eq(result.code, 2, "exit code")
        has(result.err, "NIMBUS_SEAL_KEY", "the error")
        has_not(result.err, "swordfish", "the error")
    data = tmp() / "set"
    eq(nimbus("admin", "user", "list", NIMBUS_SEAL_KEY="ab" * 32, NIMBUS_DATA=str(data)).code, 4, "exit code")
    eq((data / "seal.key").exists(), False, "a file beside a key that is set")


def test_what_is_wrong_with_secrets_in_vault_is_one_line_that_names_the_setting():
    vault = {"NIMBUS_OWNER_PASSWORD": "vault:secret/data/nimbus#owner", "NIMBUS_VAULT_ADDR": "http://127.0.0.1:1",
             "NIMBUS_VAULT_TOKEN": "s.swordfish"}
    for change, said in (({"NIMBUS_VAULT_ADDR": ""}, "set NIMBUS_VAULT_ADDR too"),
                         ({"NIMBUS_VAULT_ADDR": "http://vault.example.org"}, "NIMBUS_VAULT_ADDR=http://vault.example.org must be"),
                         ({"NIMBUS_VAULT_TOKEN": ""}, "NIMBUS_VAULT_TOKEN is not set"),
                         ({"NIMBUS_VAULT_TOKEN": "vault:a#b"}, "NIMBUS_VAULT_TOKEN cannot be in Vault"),
                         ({"NIMBUS_VAULT_ROLE_ID": "r"}, "set only one of NIMBUS_VAULT_TOKEN"),
                         ({"NIMBUS_VAULT_CA": "/nowhere"}, "NIMBUS_VAULT_CA=/nowhere"),
                         ({"NIMBUS_OWNER_PASSWORD": "vault:nonsense"}, '"vault:nonsense" is no reference'),
                         ({"NIMBUS_OIDC": "corp", "NIMBUS_OIDC_CORP_CLIENT_SECRET": "vault:corp", "NIMBUS_OWNER_PASSWORD": ""},
                          'reading NIMBUS_OIDC_CORP_CLIENT_SECRET: "vault:corp" is no reference'),
                         ({}, "Vault cannot be reached")):
        result = nimbus("serve", **{"NIMBUS_DATA": str(tmp()), "NIMBUS_LISTEN": "127.0.0.1:0", **vault, **change})
        line = result.err.strip()
        if not result.code or "\n" in line or not line.startswith("nimbus serve: "):
            fail(f"{change}: {result.code} {line!r}")
        has(line, said)
        has_not(line, "swordfish")


def test_settings_that_are_text_are_checked_too():
    for name, value in (("NIMBUS_URL", "git.example.org"), ("NIMBUS_URL", "https://x/y"), ("NIMBUS_LISTEN", ""),
                        ("NIMBUS_LISTEN", "nonsense"), ("NIMBUS_LISTEN", "127.0.0.1:99999"),
                        ("NIMBUS_TRUSTED_PROXIES", "10.0.0.0/99"), ("NIMBUS_OWNER", "Not A Name"),
                        ("NIMBUS_IMAGE_HOSTS", "https://img.example.org"),
                        ("NIMBUS_OWNER_PASSWORD", "short")):
        result = nimbus("serve", **{"NIMBUS_DATA": str(tmp()), "NIMBUS_LISTEN": "127.0.0.1:0", name: value})
        eq(result.code, 2, f"exit code with {name}={value} ({result.err})")
        if not result.err.startswith("nimbus serve: "):
            fail(f"{name}={value}: {result.err!r}")


def test_a_provider_that_makes_no_sense_stops_the_start():
    good = {"NIMBUS_OIDC": "corp", "NIMBUS_OIDC_CORP_ISSUER": "https://id.example.org", "NIMBUS_OIDC_CORP_CLIENT_ID": "git"}
    for name, value in (("ISSUER", ""), ("ISSUER", "http://id.example.org"), ("CLIENT_ID", ""), ("ROLES", "staff"),
                        ("SCOPES", "profile"), ("AUDIENCE", "git"), ("CA", "/does/not/exist"), ("SIGN_UP", "maybe")):
        variable = f"NIMBUS_OIDC_CORP_{name}"
        result = nimbus("serve", **{**good, "NIMBUS_DATA": str(tmp()), "NIMBUS_LISTEN": "127.0.0.1:0", variable: value})
        eq(result.code, 2, f"exit code with {variable}={value} ({result.err})")
        eq(result.err.count("\n"), 1, "lines")
        has(result.err, variable)


# What chooses each provider, for settings that are wrong beside it. Nothing listens at port 1.
CHOSEN = {
    "DB": {"NIMBUS_DB": "postgres://u:p@127.0.0.1:1/x"},
    "KV": {"NIMBUS_KV": "rediss://127.0.0.1:1/0"},
    "S3": {"NIMBUS_BLOB": "s3://bucket?endpoint=http://127.0.0.1:1", "NIMBUS_S3_ACCESS_KEY": "a", "NIMBUS_S3_SECRET_KEY": "b"},
    "AWS": {"NIMBUS_BLOB": "s3://bucket?region=here", "AWS_ROLE_ARN": "arn:r"},
    "VAULT": {"NIMBUS_VAULT_ADDR": "https://127.0.0.1:1", "NIMBUS_OWNER_PASSWORD": "vault:a/b#c"},
    "POLICY": {"NIMBUS_POLICY": "opa+http://127.0.0.1:1"},
    "KUBERNETES": {"NIMBUS_KUBERNETES": "on", "NIMBUS_KUBERNETES_ACCOUNTS": "ci:runner=robot",
                   "NIMBUS_KUBERNETES_API": "https://127.0.0.1:1", "NIMBUS_KUBERNETES_CA": "",
                   "NIMBUS_KUBERNETES_TOKEN_FILE": "/proc/self/comm"},
    "OIDC": {"NIMBUS_OIDC": "corp", "NIMBUS_OIDC_CORP_ISSUER": "https://id.example.org", "NIMBUS_OIDC_CORP_CLIENT_ID": "git"},
    "": {},
}
# variable: [(what is chosen, its value, and perhaps others)]. /nonsense is a file without any PEM, /cert and /key are a pair.
SENSELESS = {
    "NIMBUS_DB": [("", "mysql://x")],
    "NIMBUS_DB_USER": [("", "ada")],
    "NIMBUS_DB_PASSWORD": [("", "swordfish")],
    "NIMBUS_KV": [("", "memcached://x"), ("", "redis://")],
    "NIMBUS_KV_USER": [("", "ada")],
    "NIMBUS_KV_PASSWORD": [("", "swordfish")],
    "NIMBUS_KV_CA": [("KV", "/nowhere"), ("KV", "/nonsense"), ("", "/cert")],
    "NIMBUS_KV_CERT": [("KV", "/nowhere", {"NIMBUS_KV_KEY": "/key"}), ("", "/cert"),
                       ("KV", "/nonsense", {"NIMBUS_KV_KEY": "/key"}), ("KV", "", {"NIMBUS_KV_KEY": "/key"})],
    "NIMBUS_KV_KEY": [("KV", "/nowhere", {"NIMBUS_KV_CERT": "/cert"}), ("", "/key"),
                      ("KV", "/nonsense", {"NIMBUS_KV_CERT": "/cert"}), ("KV", "", {"NIMBUS_KV_CERT": "/cert"})],
    "NIMBUS_BLOB": [("", "gs://x"), ("", "s3://"), ("S3", "s3://bucket?style=diagonal")],
    "NIMBUS_S3_PUBLIC_URL": [("S3", "nonsense"), ("", "https://s3.example.org/bucket")],
    "NIMBUS_S3_ACCESS_KEY": [("S3", "")],
    "NIMBUS_S3_SECRET_KEY": [("S3", "")],
    "NIMBUS_S3_CA": [("S3", "/nowhere"), ("S3", "/nonsense")],
    "AWS_WEB_IDENTITY_TOKEN_FILE": [("AWS", "")],
    "AWS_ENDPOINT_URL_STS": [("AWS", "nonsense", {"AWS_WEB_IDENTITY_TOKEN_FILE": "/cert"})],
    "NIMBUS_VAULT_ADDR": [("VAULT", "nonsense", {"NIMBUS_VAULT_TOKEN": "t"}), ("VAULT", "")],
    "NIMBUS_VAULT_TOKEN": [("VAULT", ""), ("", "swordfish")],
    "NIMBUS_VAULT_ROLE_ID": [("VAULT", "", {"NIMBUS_VAULT_SECRET_ID": "swordfish"}), ("", "r")],
    "NIMBUS_VAULT_SECRET_ID": [("VAULT", "", {"NIMBUS_VAULT_ROLE_ID": "r"}), ("", "swordfish")],
    "NIMBUS_VAULT_KUBERNETES_ROLE": [("", "r")],
    "NIMBUS_VAULT_KUBERNETES_JWT": [("VAULT", "/nowhere", {"NIMBUS_VAULT_KUBERNETES_ROLE": "r"})],
    "NIMBUS_VAULT_AUTH_PATH": [("VAULT", "a\tb", {"NIMBUS_VAULT_TOKEN": "t"})],
    "NIMBUS_VAULT_NAMESPACE": [("VAULT", "a\tb", {"NIMBUS_VAULT_TOKEN": "t"})],
    "NIMBUS_VAULT_CA": [("VAULT", "/nowhere", {"NIMBUS_VAULT_TOKEN": "t"}), ("VAULT", "/nonsense", {"NIMBUS_VAULT_TOKEN": "t"})],
    "NIMBUS_POLICY": [("", "nonsense"), ("", "opa+ftp://x"), ("", "opa+http://")],
    "NIMBUS_POLICY_TOKEN": [("", "swordfish")],
    "NIMBUS_POLICY_CA": [("POLICY", "/nowhere"), ("POLICY", "/nonsense"), ("", "/cert")],
    "NIMBUS_POLICY_CERT": [("POLICY", "/nowhere", {"NIMBUS_POLICY_KEY": "/key"}), ("", "/cert"),
                           ("POLICY", "/nonsense", {"NIMBUS_POLICY_KEY": "/key"}), ("POLICY", "", {"NIMBUS_POLICY_KEY": "/key"})],
    "NIMBUS_POLICY_KEY": [("POLICY", "/nowhere", {"NIMBUS_POLICY_CERT": "/cert"}), ("", "/key"),
                          ("POLICY", "/nonsense", {"NIMBUS_POLICY_CERT": "/cert"}), ("POLICY", "", {"NIMBUS_POLICY_CERT": "/cert"})],
    "NIMBUS_KUBERNETES_ACCOUNTS": [("KUBERNETES", "runner=robot"), ("KUBERNETES", ""), ("", "ci:runner=robot")],
    "NIMBUS_KUBERNETES_AUDIENCES": [("KUBERNETES", "a\x01"), ("", "nimbus")],
    "NIMBUS_KUBERNETES_NAMESPACE": [("KUBERNETES", "A b"), ("", "git")],
    "NIMBUS_KUBERNETES_API": [("KUBERNETES", "nonsense"), ("KUBERNETES", ""), ("", "https://127.0.0.1:1")],
    "NIMBUS_KUBERNETES_CA": [("KUBERNETES", "/nowhere"), ("KUBERNETES", "/nonsense")],
    "NIMBUS_KUBERNETES_TOKEN_FILE": [("KUBERNETES", "/nowhere")],
    "KUBERNETES_SERVICE_PORT": [("KUBERNETES", "https", {"NIMBUS_KUBERNETES_API": "", "KUBERNETES_SERVICE_HOST": "10.0.0.1"})],
    "NIMBUS_OIDC": [("", "A B"), ("", "corp,corp")],
    "NIMBUS_OIDC_CORP_ISSUER": [("OIDC", "https://a?b"), ("OIDC", ""), ("", "https://id.example.org")],
    "NIMBUS_OIDC_CORP_CLIENT_ID": [("OIDC", ""), ("OIDC", "a\x01")],
    "NIMBUS_OIDC_CORP_CLIENT_SECRET": [("OIDC", "swordfish", {"NIMBUS_OIDC_CORP_CLIENT_ID": "", "NIMBUS_OIDC_CORP_AUDIENCE": "a"})],
    "NIMBUS_OIDC_CORP_SCOPES": [("OIDC", "profile")],
    "NIMBUS_OIDC_CORP_USERNAME_CLAIM": [("OIDC", "a\x01")],
    "NIMBUS_OIDC_CORP_GROUPS_CLAIM": [("OIDC", "a\x01")],
    "NIMBUS_OIDC_CORP_ROLES": [("OIDC", "staff=king"), ("OIDC", "=read")],
    "NIMBUS_OIDC_CORP_SIGN_UP": [("OIDC", "maybe")],
    "NIMBUS_OIDC_CORP_AUDIENCE": [("OIDC", "git")],
    "NIMBUS_OIDC_CORP_CA": [("OIDC", "/nowhere"), ("OIDC", "/nonsense")],
    "NIMBUS_OIDC_CORP_LABEL": [("OIDC", "a\x01b")],
}
# What may be any text, or is only known to be wrong by who is asked.
ANY_TEXT = {"NIMBUS_S3_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ROLE_ARN",
            "AWS_ROLE_SESSION_NAME", "KUBERNETES_SERVICE_HOST"}
PROVIDERS = ["The cluster", "Objects in a bucket", "Secrets in Vault", "The policy", "Service accounts of Kubernetes",
             "Signing in by others (OpenID Connect)"]


def provider_settings():
    """[(kind, variable)] of the groups of config.def that are about providers."""
    for part in (ROOT / "src/main/config.def").read_text().split('GROUP("')[1:]:
        if part.split('"')[0] in PROVIDERS:
            for kind, variable in re.findall(r'^([A-Z_]+)\((?:\w+, )+"([\w<>]+)"', part, re.M):
                yield kind, variable.replace("<NAME>", "CORP")


def pem_files():
    folder = tmp("pem")
    (folder / "nonsense").write_text("nonsense\n")
    run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", folder / "key", "-out", folder / "cert", "-subj", "/CN=x"])
    return {f"/{name}": str(folder / name) for name in ("nonsense", "key", "cert")}


def senseless():
    for kind, variable in provider_settings():
        if kind in ["WORD", "INT", "BYTES", "TIME"]:
            yield variable, "", "nonsense", {}
        elif variable not in ANY_TEXT:
            for chosen, value, *more in SENSELESS.get(variable) or fail(f"this file knows no wrong {variable}"):
                yield variable, chosen, value, *(more or [{}])


def test_whatever_makes_no_sense_of_a_provider_is_one_line_that_names_the_setting():
    files, count, wrong = pem_files(), 0, []
    for variable, chosen, value, more in senseless():
        env = {name: files.get(given, given) for name, given in {**CHOSEN[chosen], **more, variable: value}.items()}
        try:
            result = nimbus("serve", NIMBUS_DATA=str(tmp()), NIMBUS_LISTEN="127.0.0.1:0", **env)
        except subprocess.TimeoutExpired:
            wrong.append(f"{variable}={value} with {chosen or 'nothing'} chosen: it starts")
            continue
        lines = result.err.strip().splitlines()
        if lines and lines[-1] == "nimbus serve: the environment holds settings that make no sense":
            lines.pop()
        if result.code != 2 or len(lines) != 1 or variable not in lines[0] or "swordfish" in lines[0]:
            wrong.append(f"{variable}={value} with {chosen or 'nothing'} chosen: {result.code} {lines[:3]}"[:300])
        count += 1
    eq(wrong, [], "\n".join(wrong))
    if count < 80:
        fail(f"only {count} were tried")


def test_passwords_of_the_owner_alone_need_another_way_in():
    for settings in ({}, {"NIMBUS_OIDC": "ci", "NIMBUS_OIDC_CI_ISSUER": "https://id.example.org", "NIMBUS_OIDC_CI_AUDIENCE": "git"}):
        result = nimbus("serve", **{**settings, "NIMBUS_DATA": str(tmp()), "NIMBUS_LISTEN": "127.0.0.1:0", "NIMBUS_PASSWORD_SIGN_IN": "owner"})
        eq((result.code, result.err.count("\n")), (2, 1), f"exit code with {settings} ({result.err})")
        has(result.err, "NIMBUS_PASSWORD_SIGN_IN=owner leaves others no way in")


def test_an_address_that_is_taken_is_named():
    server = Nimbus()
    result = nimbus("serve", NIMBUS_LISTEN=server.host, NIMBUS_DATA=str(tmp()))
    if result.code in (0, 1):
        fail(f"exit code {result.code}")
    has(result.err, server.host)


def test_help_is_complete():
    eq(nimbus("--help").code, 0, "exit code")
    eq(nimbus("help").out, nimbus("--help").out, "help")
    commands = re.findall(r"^  (\S+)  ", nimbus("--help").out, re.M)
    eq(commands, ["serve", "admin", "config", "completion", "version", "help", "login", "logout", "credential", "whoami",
                  "search", "instance", "api"], "commands")
    for command in commands:
        for words in ([command, "--help"], ["help", command]):
            result = nimbus(*words)
            eq(result.code, 0, " ".join(words))
            has(result.out, f"usage: nimbus {command}")
    has(nimbus("--help").out, "\n  key mint ", "the help")
    for words in (["key", "mint", "--help"], ["help", "key", "mint"]):
        has(nimbus(*words).out, "usage: nimbus key mint", " ".join(words))
    has(nimbus("help", "admin", "fsck").out, "usage: nimbus admin fsck", "help of a command of admin")
    names = re.findall(r'^COMMAND\("([^"]+)"', (ROOT / "src/main/admin.def").read_text(), re.M)
    has(names, "fsck", "the table")
    for name in names:
        has(nimbus("admin", "--help").out, f"\n  {name} ")
        result = nimbus("admin", *name.split(), "--help")
        eq(result.code, 0, name)
        has(result.out, f"usage: nimbus admin {name}")


def test_what_is_not_understood_is_an_error_with_code_2():
    for words in ([], ["srve"], ["serve", "--wellcome"], ["serve", "x"], ["config", "--json"], ["help", "srve"],
                  ["admin"], ["admin", "user"], ["admin", "user", "ad"], ["admin", "user", "add"],
                  ["admin", "repo", "create", "a", "b"], ["admin", "repo", "create", "a", "--branch"],
                  ["admin", "fsck", "--fast"]):
        result = nimbus(*words, NIMBUS_DATA="/nonexistent")
        eq(result.code, 2, f"exit code of {words}")
        if not result.err or result.out:
            fail(f"{words}: {result}")


def test_version_names_the_drivers():
    for words in (["version"], ["--version"]):
        out = nimbus(*words).out
        if not re.match(r"nimbus \d+\.\d+\.\d+\n", out):
            fail(out)
        has(out, "db=sqlite")


def test_a_first_start_without_a_password_shows_one_once():
    server = Nimbus(env={"NIMBUS_OWNER_PASSWORD": ""})
    text = wait_until(lambda: "git push" in server.stderr() and server.stderr(), what="the welcome")
    password = re.search(r"only this once\)\n\n +(\S+)\n", text)[1]
    server.auth = (OWNER, password)
    server.api("GET", "/user", want=200)
    has(text, f"git remote add origin http://owner@{server.host}/hello.git")
    link = re.search(rf"{server.url}(/sign-in/\S+)", text)[1]
    eq(server.get(link, auth=None).status, 303, "the link")
    server.restart()
    eq(server.stderr(), "", "what a second start prints")
    server.api("GET", "/user", want=200)


def test_port_0_takes_a_free_port_and_tells_it():
    data = tmp("data")
    process = subprocess.Popen([str(BINARY), "serve"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env={"NIMBUS_LISTEN": "127.0.0.1:0", "NIMBUS_DATA": str(data)})
    try:
        line = jsonlib.loads(process.stdout.readline())
        eq(line["message"], "listening", "the first line")
        with socket.create_connection(("127.0.0.1", line["port"]), 5) as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            has(s.recv(100), b"200 OK")
    finally:
        process.terminate()
        eq(process.wait(20), 0, "exit code")
        process.stdout.close()


def test_several_addresses_and_ipv6():
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        six = probe.getsockname()[1]
        probe.close()
        s = Nimbus(start=False)
        s.extra["NIMBUS_LISTEN"] = f"{s.host}, [::1]:{six}"
        s.start()
        with socket.create_connection(("::1", six), 5) as c:
            c.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            has(c.recv(100), b"200 OK")
        return
    skip("this machine has no ::1")


def test_a_hangup_changes_nothing():
    s = Nimbus()
    s.process.send_signal(signal.SIGHUP)
    s.get("/healthz")
    eq(s.process.poll(), None, "still running")


def test_cookies_are_secure_as_told():
    for value, secure in (("auto", False), ("never", False), ("always", True)):
        s = Nimbus(env={"NIMBUS_SECURE_COOKIES": value, "NIMBUS_SESSION_LIFETIME": "2h"})
        answer = s.request("POST", "/sign-in", f"username=owner&password={PASSWORD}".encode(),
                           {"Content-Type": "application/x-www-form-urlencoded"}, auth=None)
        eq("; Secure" in answer.headers["set-cookie"], secure, f"Secure with {value}")
        has(answer.headers["set-cookie"], "Max-Age=7200", "cookie")


def test_the_tries_of_sign_in_can_be_limited():
    s = Nimbus(env={"NIMBUS_LOGIN_TRIES": "3"})
    codes = [s.api("GET", "/user", auth=("owner", "wrong")).status for _ in range(5)]
    eq(codes, [401, 401, 401, 429, 429], "answers")
    s.api("GET", "/instance", auth=None, want=200)


main()
