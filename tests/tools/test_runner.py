"""tests/run tells passed from failed, and a server that dies badly fails the test that started it."""

import shutil
import sys

from harness import *


def copy_runner(folder="some", **files):
    """A copy of the runner with these scripts in tests/FOLDER; returns its command."""
    root = tmp("runner")
    (root / "tests" / folder).mkdir(parents=True)
    for file in ("run", "harness.py", "services.py"):
        shutil.copy(ROOT / "tests" / file, root / "tests" / file)
    for name, text in files.items():
        (root / f"tests/{folder}/{name}.py").write_text("from harness import *\n" + text + "\nmain()\n")
    build = root / "build"
    build.mkdir()
    (build / "tests.list").write_text("")
    return [sys.executable, root / "tests/run", "--build", build, "--fuzz-build", build]


def run_tests(env=None, words=(), folder="some", **files):
    """Runs that; returns its Result."""
    return run([*copy_runner(folder, **files), *words], check=False, env={"PATH": os.environ["PATH"], **(env or {})})


def last_line(result):
    return result.out.splitlines()[-1]


GOOD = "def test_good(): pass"
BAD = "def test_bad(): eq(1, 2)"
SKIPPED = "def test_skipped(): skip('frob is not installed')"
SHARED = "def test_shared(): shared('no-such-file')"


def test_passing_is_zero():
    result = run_tests(test_a=GOOD, test_b=GOOD)
    eq((result.code, last_line(result)), (0, "2 passed, 0 failed, 0 skipped"))


def test_one_failure_fails_all_and_says_why():
    result = run_tests(test_a=GOOD, test_b=f"{BAD}\n{GOOD}")
    eq((result.code, last_line(result)), (1, "2 passed, 1 failed, 0 skipped"))
    has(result.out, "FAILED test_bad: value: 1 instead of 2 at test_b.py:2")


def test_nothing_passed_is_a_failure():
    eq(run_tests().code, 1)
    eq(run_tests(test_a=SKIPPED).code, 1)
    eq(run_tests(test_a=GOOD, words=["no-such-test"]).code, 1)


def test_a_file_without_tests_is_a_failure():
    eq(last_line(run_tests(test_a=GOOD, test_b="")), "1 passed, 1 failed, 0 skipped")


def test_a_script_that_does_not_start_is_a_failure():
    eq(last_line(run_tests(test_a=GOOD, test_b="import nothing_like_this")), "1 passed, 1 failed, 0 skipped")


def test_a_test_that_takes_too_long_is_a_failure():
    result = run_tests(test_a=GOOD, test_b="@timeout(1)\ndef test_slow(): time.sleep(20)")
    eq(last_line(result), "1 passed, 1 failed, 0 skipped")
    has(result.out, "it took longer than 1 s")


def test_a_skip_says_why_and_is_a_failure_in_ci():
    result = run_tests(test_a=f"{GOOD}\n{SKIPPED}")
    eq((result.code, last_line(result)), (0, "1 passed, 0 failed, 1 skipped"))
    has(result.out, "skipped test_skipped: frob is not installed")
    result = run_tests(test_a=f"{GOOD}\n{SKIPPED}", env={"CI": "true"})
    eq((result.code, last_line(result)), (1, "1 passed, 1 failed, 0 skipped"))


def test_shared_data_may_be_missing_in_ci_too():
    env = {"CI": "true", "NIMBUS_SHARED": "/nonexistent"}
    result = run_tests(test_a=f"{GOOD}\n{SHARED}", env=env)
    eq((result.code, last_line(result)), (0, "1 passed, 0 failed, 1 skipped"))


def test_who_has_no_vault_may_be_ci_too():
    skipped = "def test_skipped(): skip('NIMBUS_TEST_VAULT is not set: tests/run sets it')"
    result = run_tests(test_a=f"{GOOD}\n{skipped}", env={"CI": "true"})
    eq((result.code, last_line(result)), (0, "1 passed, 0 failed, 1 skipped"))
    has(result.out, "skipped test_skipped: NIMBUS_TEST_VAULT is not set")


def test_peers_are_other_jobs_and_one_that_is_missing_says_why():
    test = """def test_bucket():
        os.environ.get("NIMBUS_TEST_S3") or skip("no S3 server")"""
    files = {"folder": "wire", "test_bucket": test, "test_other": GOOD}
    env = {"NIMBUS_PEERS": "/nonexistent", "PATH": "/usr/bin:/bin"}
    result = run_tests(words=["--peers"], env=env, **files)
    eq((result.code, last_line(result)), (1, "0 passed, 0 failed, 1 skipped"))
    has(result.out, "# without s3-versitygw: versitygw is not built: `./dev test --peers` builds it")
    has(result.out, "s3-versitygw: wire/test_bucket")
    has(result.out, "skipped test_bucket: no S3 server")
    has_not(result.out, "test_other", "a test that is no peer's")


SERVER = """#!/usr/bin/env python3
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
def stop(*_):
    sys.stderr.write(os.environ.get("SAYS", "")); sys.stderr.flush(); os._exit(int(os.environ.get("CODE", "0")))
signal.signal(signal.SIGTERM, stop)
http.server.HTTPServer(("127.0.0.1", int(os.environ["NIMBUS_LISTEN"].split(":")[1])), Handler).serve_forever()
"""


def with_server(**env):
    program = tmp("fake") / "nimbus"
    program.write_text(SERVER)
    program.chmod(0o755)
    return run_tests(test_a=f"def test_server(): Nimbus(env={env!r})", env={"NIMBUS_BIN": str(program)})


def test_who_ends_a_run_ends_what_it_began():
    begun = tmp("begun") / "pid"
    command = copy_runner(test_long=f"def test_long():\n    Path({str(begun)!r}).write_text(str(os.getpid()))\n    time.sleep(100)")
    runner = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: begun.exists() and begun.read_text(), what="the test")
    runner.send_signal(signal.SIGTERM)
    _, err = runner.communicate(timeout=20)
    eq((runner.returncode, err), (1, "interrupted\n"), "how the runner ends")
    wait_until(lambda: not Path(f"/proc/{begun.read_text()}").exists(), what="the end of the test")


def test_a_server_that_ends_well_passes():
    eq(last_line(with_server()), "1 passed, 0 failed, 0 skipped")


def test_a_server_that_ends_with_another_code_fails():
    eq(last_line(with_server(CODE="1")), "0 passed, 1 failed, 0 skipped")


def test_a_sanitizer_report_fails():
    eq(last_line(with_server(SAYS="==1==ERROR: AddressSanitizer: heap-use-after-free")), "0 passed, 1 failed, 0 skipped")
    eq(last_line(with_server(SAYS="x.c:1:2: runtime error: shift")), "0 passed, 1 failed, 0 skipped")


main()
