"""
Nothing may starve people: a loop of clones waits for itself, rates are answered in words that each client
understands, and guessing at passwords neither keeps the server busy nor locks anybody out. See docs/limits.md.
"""

import concurrent.futures
import http.client
import statistics
import sys
import threading
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import opa
import services
from cluster import OWNER as cluster_owner, PASSWORD as cluster_password, Cluster
from harness import *

BINARY = Path(os.environ.get("NIMBUS_BIN", BUILD / "nimbus"))
TRUSTING = {"NIMBUS_TRUSTED_PROXIES": "127.0.0.1"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HTML = {"Accept": "text/html"}


def key(s, name, **what):
    return s.api("POST", "/tokens", {"name": name, "permission": "write", **what}, want=201).json["token"]


def sign_in(s, password=PASSWORD, cookie="", address="198.51.100.1"):
    fields = urllib.parse.urlencode({"username": OWNER, "password": password})
    headers = {**FORM, **HTML, "X-Forwarded-For": address, **({"Cookie": cookie} if cookie else {})}
    return s.request("POST", "/sign-in", fields, headers, auth=None)


def cookies(answer):
    """{name: value} of what an answer sets."""
    return dict(value.split(";")[0].split("=", 1) for name, value in answer.pairs if name.lower() == "set-cookie")


def browser(s):
    """The Cookie header of one who has signed in."""
    return "; ".join(f"{name}={value}" for name, value in cookies(sign_in(s)).items())


def requests(s, **fields):
    return [line for line in s.log_lines() if line["message"] == "request" and
            all(line.get(name) == value for name, value in fields.items())]


def pkt(text):
    return f"{len(text) + 4:04x}{text}"


def clone_request(head):
    """All of a repository, as git asks for it."""
    return pkt("command=fetch") + "0001" + pkt("no-progress") + pkt(f"want {head}\n") + pkt("done\n") + "0000"


class Loop:
    """Clones of one repository, by so many at once and without a pause, until it is left."""

    def __init__(self, s, repo, head, secret, at_once):
        self.s, self.path, self.body, self.secret = s, f"/{repo}.git/git-upload-pack", clone_request(head), secret
        self.statuses, self.over = [], threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(at_once)]

    def clone(self):
        headers = {"Content-Type": "application/x-git-upload-pack-request", "Git-Protocol": "version=2"}
        return self.s.request("POST", self.path, self.body, headers, auth=self.secret)

    def run(self):
        while not self.over.is_set():
            self.statuses.append(self.clone().status)

    def __enter__(self):
        self.clone()
        for thread in self.threads:
            thread.start()
        wait_until(lambda: len(self.statuses) > 4, 60, "some clones")
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_fifty_clones_in_a_loop_keep_nobody_waiting():
    s = Nimbus({"NIMBUS_PACK_CACHE_MAX": 0})
    s.create_repo("one")
    git("push", "-q", s.git_url("one"), "main", cwd=make_repo(commits=150, size=4000))
    head = refs(s.git_url("one"))["HEAD"]
    loop_key, other, cookie = key(s, "loop"), key(s, "other"), browser(s)
    other_clone = Loop(s, "one", head, other, 0)
    # Who they are turns out with the first request of each.
    eq(s.get("/one", auth=None, headers={"Cookie": cookie, **HTML}).status, 200, "a page")
    eq(other_clone.clone().status, 200, "another key's clone")
    took = []
    with Loop(s, "one", head, loop_key, 50) as loop:
        for _ in range(15):
            began = time.monotonic()
            eq(s.get("/one", auth=None, headers={"Cookie": cookie, **HTML}).status, 200, "a person's page")
            took.append(time.monotonic() - began)
            eq(other_clone.clone().status, 200, "another key's clone")
    if set(loop.statuses) - {200, 429}:
        fail(f"the loop was answered {set(loop.statuses)}")
    person = [line["waited"] for line in requests(s, path="/one", lane="person")]
    looped = [line["waited"] for line in requests(s, lane="ci") if line["micros"]]
    print(f"# pages: median {statistics.median(took) * 1000:.0f} ms, waited {max(person) / 1000:.0f} ms at most; "
          f"clones waited {statistics.median(looped) / 1000:.0f} ms")
    eq(len(person), 15, "pages in the lane of people")
    if statistics.median(person) > 100000 or statistics.median(person) * 3 > statistics.median(looped):
        fail(f"people waited {sorted(person)} microseconds for a worker, clones {statistics.median(looped)}")
    if statistics.median(took) > 3:
        fail(f"pages took {took}")


def check_wait(answer, seconds, began):
    """What is told of the next request: one comes in `seconds`, and they began to pass no earlier than `began`."""
    told = int(answer.headers["retry-after"])
    if not seconds - (time.monotonic() - began) <= told <= seconds:
        fail(f"{told} seconds of {seconds}, after {time.monotonic() - began:.1f}")


def test_a_rate_is_told_to_each_in_its_own_words():
    s = Nimbus({"NIMBUS_RATE_PERSON": 30, "NIMBUS_RATE_CI": 4})
    s.create_repo("one")
    git("push", "-q", s.git_url("one"), "main", cwd=make_repo(commits=3))
    one, other = key(s, "one"), key(s, "other")
    began = time.monotonic()
    first = s.api("GET", "/repos", auth=one, want=200)
    eq(first.headers["ratelimit-policy"], '"ci";q=4;w=60', "the policy")
    if not re.fullmatch(r'"ci";r=3;t=\d+', first.headers["ratelimit"]):
        fail(first.headers["ratelimit"])
    refused = next(a for a in (s.api("GET", "/repos", auth=one) for _ in range(60)) if a.status != 200)
    eq(refused.status, 429, "status")
    eq(refused.headers["content-type"], "application/problem+json", "type")
    eq(refused.json["detail"], "more than 4 requests in a minute: slow down", "detail")
    check_wait(refused, 15, began)
    has(refused.headers["ratelimit"], f'"ci";r=0;t={refused.headers["retry-after"]}', "what is left")
    said = git("ls-remote", s.git_url("one", ("x", one)), check=False)
    has(said.err, "429", "what git says")
    has(said.err, "remote: more than 4 requests in a minute: slow down", "what git shows")
    page = s.get("/one", auth=one, headers=HTML)
    eq((page.status, page.headers["content-type"]), (429, "text/html; charset=utf-8"), "a page")
    has(page.text, "slow down", "the page")
    # Nobody else's clones and pages are refused, not even those of the same account's other key.
    git("clone", "-q", s.git_url("one", ("x", other)), tmp() / "copy")
    eq(s.get("/one").status, 200, "the owner's page")
    wait_until(lambda: [e for e in s.api("GET", "/audit?limit=50").json.get("items", []) if "rate of ci" in jsonlib.dumps(e)],
               what="an entry")
    entries = [e for e in s.api("GET", "/audit?limit=50").json.get("items", []) if "rate of ci" in jsonlib.dumps(e)]
    if len(entries) > 2:
        fail(f"{len(entries)} entries")
    eq(s.get("/healthz", auth=None).status, 200, "health")


def test_an_address_is_one_customer():
    s = Nimbus({"NIMBUS_RATE_ANONYMOUS": 10, **TRUSTING})

    def ask(address):
        return s.get("/sign-in", auth=None, headers={"X-Forwarded-For": address}).status

    for one, same, other in [("192.0.2.1", "192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1")]:
        eq({ask(one) for _ in range(10)}, {200}, "the first ten")
        eq(ask(same), 429, same)
        eq(ask(other), 200, other)
    # Whoever says who they are is not counted as their address.
    eq(s.get("/", headers={"X-Forwarded-For": "192.0.2.1"}).status, 200, "a person there")
    eq({s.get("/healthz", auth=None, headers={"X-Forwarded-For": "192.0.2.1"}).status for _ in range(30)}, {200}, "health")


def test_programs_that_ask_for_tokens_are_counted():
    s = Nimbus({"NIMBUS_RATE_ANONYMOUS": 10, **TRUSTING})
    forms = {
        "/oauth/token": {"grant_type": "refresh_token", "client_id": "nimbus", "refresh_token": "x"},
        "/oauth/device_authorization": {"client_id": "nimbus"},
        "/oauth/revoke": {"client_id": "nimbus", "token": "x"},
        "/sign-in/corp/backchannel-logout": {"logout_token": "x"},
    }

    def ask(path, address):
        headers = {**FORM, "X-Forwarded-For": address}
        return s.request("POST", path, urllib.parse.urlencode(forms[path]), headers, auth=None)

    for i, path in enumerate(forms):
        began = time.monotonic()
        first = [ask(path, f"192.0.2.{i}").status for _ in range(10)]
        if 429 in first:
            fail(f"{path}: {first}")
        refused = ask(path, f"192.0.2.{i}")
        eq(refused.status, 429, path)
        check_wait(refused, 6, began)
        if path.startswith("/oauth/"):
            eq(refused.json["error"], "temporarily_unavailable", path)
        if ask(path, "198.51.100.1").status == 429:
            fail(f"{path}: another address is refused")
    eq({s.get(path, auth=None, headers={"X-Forwarded-For": "192.0.2.0"}).status for path in
        ("/.well-known/oauth-authorization-server", "/robots.txt") for _ in range(20)}, {200}, "what only tells")


def test_crawlers_are_told_to_clone_it_instead():
    # While this is not set whoever is nobody waits for the policy, and for as long keeps a worker.
    opened = threading.Event()
    opened.set()
    policy = opa.Recorded(lambda q: (q["principal"]["username"] or opened.wait()) and opa.builtin(q))
    s = Nimbus({"NIMBUS_WORKERS": 4, "NIMBUS_QUEUE_WAIT": "1s", "NIMBUS_POLICY": policy.url, "NIMBUS_POLICY_CACHE": "0s",
                "NIMBUS_POLICY_TIMEOUT": "60s", **TRUSTING})
    s.create_repo("one", visibility="public")
    repo = make_repo(commits=200, files=30)
    git("push", "-q", s.git_url("one"), "main", cwd=repo)
    git("push", "-q", s.git_url("one"), "main~50:refs/heads/part", cwd=repo)
    file = git("ls-files", cwd=repo).out.split()[0]
    dear = ("/one/commits/main", f"/one/commits/main/{file}", f"/one/blame/main/{file}", "/one/search/main?q=the", "/one/compare/part...main")
    cookie = browser(s)
    eq(s.get("/one", auth=None, headers={"Cookie": cookie}).status, 200, "a page")

    def crawl(n):
        return s.get(dear[n % len(dear)], auth=None, headers={**HTML, "X-Forwarded-For": f"192.0.2.{n}"})

    opened.clear()
    with concurrent.futures.ThreadPoolExecutor(80) as pool:
        crawled = [pool.submit(crawl, n) for n in range(80)]
        eq({s.get("/one/commits/main", auth=None, headers={"Cookie": cookie}).status for _ in range(5)}, {200}, "a person's")
        wait_until(lambda: sum(one.done() for one in crawled) >= 80 - 4, what="that the others are refused")
        opened.set()
        answers = [one.result() for one in crawled]
    policy.close()
    refused = [a for a in answers if a.status == 503]
    eq({a.status for a in answers}, {200, 503}, "what crawlers are told")
    eq({dear[n % len(dear)] for n, a in enumerate(answers) if a.status == 503}, set(dear), "which pages are refused")
    for a in refused:
        has(a.text, "<pre>git clone ", "the page")
        eq((a.headers["retry-after"], a.headers["content-type"]), ("1", "text/html; charset=utf-8"), "headers")
    eq({line["lane"] for line in requests(s, status=503)}, {"crawler"}, "lanes of the refused")


def test_wrong_passwords_keep_no_token_waiting():
    s = Nimbus({**TRUSTING, "NIMBUS_LOGIN_TRIES": 100000})
    s.create_repo("one")
    git("push", "-q", s.git_url("one"), "main", cwd=make_repo(commits=5))
    secret = key(s, "one")
    eq(s.get("/one.git/info/refs?service=git-upload-pack", auth=secret).status, 200, "the first")

    def guess(n):
        return s.get("/", auth=(OWNER, f"wrong {n}"), headers={"X-Forwarded-For": f"198.51.{n // 250}.{n % 250}"},
                     timeout=280).status

    took, statuses = [], []
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        guesses = [pool.submit(guess, n) for n in range(200)]
        while not all(one.done() for one in guesses) or len(took) < 10:
            began = time.monotonic()
            eq(s.get("/one.git/info/refs?service=git-upload-pack", auth=secret).status, 200, "a clone by token")
            took.append(time.monotonic() - began)
            time.sleep(0.05)
        statuses = [one.result() for one in guesses]
    print(f"# {len(took)} clones by token: median {statistics.median(took) * 1000:.0f} ms, {max(took) * 1000:.0f} ms at most")
    if set(statuses) - {401, 429, 503} or 401 not in statuses:
        fail(f"guesses were answered {set(statuses)}")
    waited = [line["waited"] for line in requests(s, lane="ci")]
    # Behind the guesses each would wait for seconds.
    if statistics.median(waited) > 1000000:
        fail(f"clones took {took} s and waited {waited} microseconds")


def test_guessing_from_everywhere_does_not_lock_out_the_owner():
    s = Nimbus({**TRUSTING, "NIMBUS_LOGIN_TRIES": 1, "NIMBUS_URL": ""})
    answer = sign_in(s, address="203.0.113.1")
    device = cookies(answer)["nimbus-device"]
    flags = next(v for n, v in answer.pairs if v.startswith("nimbus-device="))
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"]:
        has(flags, flag, "the cookie")
    guessed = [sign_in(s, f"wrong {n}", address=f"198.51.100.{n}").status for n in range(8)]
    eq(guessed[:5] + guessed[7:], [403] * 5 + [429], "guesses")
    stranger = sign_in(s, address="203.0.113.9")
    eq((stranger.status, stranger.headers["retry-after"]), (429, "5"), "the owner as a stranger")
    has(stranger.text, "wait some seconds", "what they are told")
    eq(sign_in(s, cookie=f"nimbus-device={device}", address="203.0.113.9").status, 303, "with their device")
    eq(sign_in(s, cookie=f"nimbus-device={device[:-2]}AA", address="203.0.113.9").status, 429, "with one made up")
    at_home = {"X-Forwarded-For": "203.0.113.1"}
    eq(s.get("/one.git/info/refs?service=git-upload-pack", headers=at_home).status, 404, "git, from where they were before")
    # Nobody's name is answered as one that somebody has.
    fields = lambda n: urllib.parse.urlencode({"username": "nobody", "password": f"wrong {n}"})
    guessed = [s.request("POST", "/sign-in", fields(n), {**FORM, "X-Forwarded-For": f"198.51.101.{n}"}, auth=None).status
               for n in range(8)]
    eq(guessed[:5] + guessed[7:], [403] * 5 + [429], "guesses at nobody")


def test_processes_share_rates_and_guesses():
    try:
        cluster = Cluster(2, BINARY, {"NIMBUS_RATE_CI": "300", "NIMBUS_LOGIN_TRIES": "2"})
    except services.Missing as why:
        skip(str(why))
    with contextlib.closing(cluster):
        one, two = cluster.pods
        token = jsonlib.loads(ask(one, "POST", "/api/v1/tokens", (cluster_owner, cluster_password),
                                  {"name": "t", "permission": "read"})[1])["token"]
        left = lambda pod: re.match(r'"ci";r=(\d+)', ask(pod, "GET", "/api/v1/user", ("x", token))[2]["RateLimit"])[1]
        for _ in range(100):
            left(one)
        # Two tells of what it counted, too, once that is something; and learns what one did. By itself it would say more.
        for asked in range(1, 120):
            if int(left(two)) < 300 - asked - 40:
                break
            time.sleep(0.2 if asked > 20 else 0)
        else:
            fail("the second does not know of the first")
        # A name is guessed at through both, from everywhere.
        guess = lambda pod, n: ask(pod, "GET", "/", ("nobody", "wrong"), peer=f"198.51.100.{n}")[0]
        eq([guess(cluster.pods[n % 2], n) for n in range(10)], [401] * 10, "guesses")
        eq([guess(pod, 99) for pod in cluster.pods], [429, 429], "and then")
        cluster.redis.stop()
        eq({ask(pod, "GET", "/api/v1/user", ("x", token))[0] for pod in cluster.pods for _ in range(20)}, {200}, "without Redis")


def ask(pod, method, path, auth, body=None, peer="203.0.113.1"):
    connection = http.client.HTTPConnection("127.0.0.1", pod.port, timeout=30)
    basic = base64.b64encode(":".join(auth).encode()).decode()
    connection.request(method, path, body and jsonlib.dumps(body),
                       {"Authorization": f"Basic {basic}", "X-Forwarded-For": peer, "Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text, answer.headers


def test_over_https_the_device_is_of_this_host_alone():
    s = Nimbus({"NIMBUS_URL": "https://git.example.org"})
    set_by = [v for n, v in sign_in(s).pairs if n.lower() == "set-cookie"]
    device = next(v for v in set_by if v.startswith("__Host-nimbus-device="))
    has(device, "; Secure", "the cookie")


main()
