"""A request with an Idempotency-Key, sent again to a server that was killed: done once, and answered as the first time."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
import services


def post(s, key, path, body):
    return s.request("POST", f"/api/v1{path}", jsonlib.dumps(body), {"Content-Type": "application/json", "Idempotency-Key": key})


def holds(s, forget):
    """`forget` takes the answers away, as if it had been killed before it could write them."""
    first = post(s, "k1", "/tokens", {"name": "once"})
    eq(first.status, 201, f"the first time: {first}")
    s.kill9()
    s.start()
    again = post(s, "k1", "/tokens", {"name": "once"})
    eq((again.status, again.json, again.headers.get("idempotency-replayed")), (201, first.json, "true"), "the second time")
    eq([one["name"] for one in s.api("GET", "/tokens", want=200).items], ["once"], "tokens")
    # Killed between the change and its answer: it is known that it is done.
    eq(post(s, "k2", "/repos", {"name": "made"}).status, 201, "another")
    forget()
    s.kill9()
    s.start()
    told = post(s, "k2", "/repos", {"name": "made"})
    eq((told.status, "done already" in told.json["detail"]), (409, True), f"what is told: {told}")
    eq(post(s, "k3", "/repos", {"name": "made"}).status, 409, "with another key it is taken")


def test_with_sqlite():
    s = Nimbus()
    holds(s, lambda: s.sql("UPDATE idempotent SET answer = x''"))


def test_with_postgres():
    server = os.environ.get("NIMBUS_TEST_POSTGRES") or skip("NIMBUS_TEST_POSTGRES is not set")
    url = services.new_database(server, f"o{os.getpid()}_{time.monotonic_ns()}")
    s = Nimbus(env={"NIMBUS_DB": url})
    holds(s, lambda: services.psql(url, "-c", "UPDATE idempotent SET answer = ''"))


main()
