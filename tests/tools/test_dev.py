"""`./dev run` as a newcomer uses it: it says where to go, and starts at once when there is nothing to build."""

import re

from harness import *


def start():
    """Runs ./dev run until it has said all; returns (seconds, what it said, process)."""
    began, said, port = time.monotonic(), "", free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("NIMBUS_")}
    env |= {"NIMBUS_LISTEN": f"127.0.0.1:{port}", "NIMBUS_DATA": str(tmp("dev-run"))}
    process = subprocess.Popen([str(ROOT / "dev"), "run"], env=env, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for line in process.stderr:
            said += line
            if "git push" in line:
                return time.monotonic() - began, said, port, process
    except BaseException:
        process.kill()
        raise
    fail(f"./dev run ended with {process.wait()}: {said}")


@timeout(900)
def test_dev_run_says_where_to_go_and_starts_at_once():
    # The first one may have to build.
    for again in range(2):
        took, said, port, process = start()
        try:
            has(said, f"http://127.0.0.1:{port}\n")
            link = re.search(r"http://127\.0\.0\.1:\d+(/sign-in/\S+)", said)[1]
            has(said, f"git remote add origin http://owner@127.0.0.1:{port}/")
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", link)
            eq(connection.getresponse().status, 303, "what the sign-in link answers")
        finally:
            process.terminate()
            process.stderr.read()
            eq(process.wait(60), 0, "exit code")
    if took > 2:
        fail(f"the second ./dev run took {took:.1f} s")


main()
