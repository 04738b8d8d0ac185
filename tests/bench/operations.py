"""
What is measured. An Operation is run by `run(world, server, state)`, where `state` is what its `prepare` made
before the clock ran; it returns the seconds until the first byte, or None.
"""

import shutil
import statistics
import threading

import raw

CROWD = 20
OPERATIONS = []


class Operation:
    def __init__(self, name, text, repos, batch, prepare, run):
        self.name, self.text, self.repos, self.batch = name, text, repos, batch
        self.prepare, self.run = prepare, run


def operation(name, text, repos, batch=1, prepare=lambda world, server: None):
    """Runs `batch` times per round, for what would be too short to be measured once."""
    def add(run):
        OPERATIONS.append(Operation(name, text, repos.split(), batch, prepare, run))
        return run
    return add


def connect(server):
    return raw.Connection(server.port, [("Git-Protocol", "version=2")])


def for_the_first_time(repo):
    """A push comes before each: nobody has asked for the same since."""
    return lambda world, server: world.touch(server, repo)


# As git's own client sees it.

def in_new_folder(*options):
    def run(world, server, _):
        folder = world.new_folder("clone")
        world.git("clone", "-q", *options, server.url("main"), folder)
        shutil.rmtree(folder)
    return run


operation("ls-remote", "git ls-remote, 6 refs", "small", 5)(
    lambda world, server, _: world.git("ls-remote", server.url("small")) and None)
operation("ls-remote-50k", "git ls-remote, 50,000 refs", "many", 2)(
    lambda world, server, _: world.git("ls-remote", server.url("many")) and None)
operation("clone", "git clone --bare", "main", prepare=for_the_first_time("main"))(in_new_folder("--bare"))
operation("clone-single", "git clone --bare --single-branch", "main", prepare=for_the_first_time("main"))(
    in_new_folder("--bare", "--single-branch"))
operation("clone-depth1", "git clone --bare --depth 1", "main", prepare=for_the_first_time("main"))(
    in_new_folder("--bare", "--depth", "1"))
operation("clone-blobless", "git clone --filter=blob:none --no-checkout", "main", prepare=for_the_first_time("main"))(
    in_new_folder("--filter=blob:none", "--no-checkout"))


def whole_client(world, server):
    world.whole = getattr(world, "whole", None) or world.client("whole", world.refs, world.main)
    return world.whole


@operation("fetch-nothing", "git fetch with nothing new", "main", 3, whole_client)
def fetch_nothing(world, server, client):
    world.git("fetch", "-q", server.url("main"), "+refs/heads/*:refs/heads/*", cwd=client)


@operation("fetch-one", "git fetch of one commit", "main before", 1,
           lambda world, server: world.client("one", {world.ref: world.before}, world.lacking))
def fetch_one(world, server, client):
    world.git("fetch", "-q", "--no-tags", server.url("main"), f"{world.ref}:{world.ref}", cwd=client)


@operation("fetch-100-pushes", "git fetch after 100 pushes", "grown", 1,
           lambda world, server: world.client("hundred", {world.ref: world.tip}, world.main))
def fetch_hundred(world, server, client):
    world.git("fetch", "-q", "--no-tags", server.url("grown"), f"{world.ref}:{world.ref}", cwd=client)


def next_push(chain):
    def prepare(world, server):
        number = world.next_push.get((chain, server.name), 0)
        world.next_push[chain, server.name] = number + 1
        if number >= len(world.pushes[chain]):
            raise raw.Refused("no commits to push are left: run with fewer rounds")
        return number
    return prepare


@operation("push-one", "git push of one commit", "push", 1, next_push("client"))
def push_one(world, server, number):
    new = world.pushes["client"][number][1]
    world.git(*server.git_options, "push", "-q", server.url("push"), f"{new}:{world.ref}", cwd=world.work)


def new_bulk(world, server):
    world.counter += 1
    name = f"bulk{world.counter}"
    server.create(name, "main")
    return name


@operation("push-10k", "git push of 10,000 objects to an empty repository", "bulk", 1, new_bulk)
def push_bulk(world, server, name):
    world.git(*server.git_options, "push", "-q", server.url(name), "main", cwd=world.bulk)


# The same requests by hand.

@operation("raw-info-refs", "GET info/refs, protocol v2", "small", 20)
def raw_info_refs(world, server, _):
    with connect(server) as connection:
        raw.info_refs(connection, server.path("small"))
        return connection.ttfb


@operation("raw-ls-refs", "ls-refs, all branches and tags", "main", 10)
def raw_ls_refs_few(world, server, _):
    with connect(server) as connection:
        raw.info_refs(connection, server.path("main"))
        if len(raw.ls_refs(connection, server.path("main"))) < len(world.refs):
            raise raw.Refused("refs are missing")
        return connection.ttfb


@operation("raw-ls-refs-50k", "ls-refs, 50,000 refs", "many", 2)
def raw_ls_refs(world, server, _):
    with connect(server) as connection:
        raw.info_refs(connection, server.path("many"))
        if len(raw.ls_refs(connection, server.path("many"))) < 50000:
            raise raw.Refused("refs are missing")
        return connection.ttfb


def fetching(repo, wants, haves=lambda world: (), options=()):
    def run(world, server, _):
        with connect(server) as connection:
            path = server.path(repo)
            raw.info_refs(connection, path)
            raw.ls_refs(connection, path, ("refs/heads/", "refs/tags/"))
            pack = raw.fetch(connection, path, wants(world), haves(world), options, check=world.checking)
            world.notes.append((server.name, pack.objects, pack.bytes))
            return pack.ttfb
    run.has_floor = True
    return run


def everything(world):
    return world.tips


def one_branch(world):
    return [world.tip]


def first_and_again(name, text, *args, **more):
    """The first one after a push, and one that somebody asked for before."""
    operation(name, text, "main", prepare=for_the_first_time("main"))(fetching("main", *args, **more))
    operation(f"{name}-again", text + ", again", "main", 2)(fetching("main", *args, **more))


operation("raw-clone-small", "fetch of all of a repository of ten commits", "small",
          prepare=for_the_first_time("small"))(fetching("small", lambda world: world.small_tips))
first_and_again("raw-clone", "fetch of all branches and tags", everything)
first_and_again("raw-single", "fetch of one branch", one_branch)
first_and_again("raw-depth1", "fetch of one branch, deepen 1", one_branch, options=["deepen 1"])
first_and_again("raw-blobless", "fetch of all without blobs", everything, options=["filter blob:none"])


@operation("raw-nothing", "info/refs and ls-refs: all that a fetch without news asks", "main", 10)
def raw_nothing(world, server, _):
    with connect(server) as connection:
        raw.info_refs(connection, server.path("main"))
        raw.ls_refs(connection, server.path("main"), ("refs/heads/", "refs/tags/"))
        return connection.ttfb


operation("raw-fetch-one", "fetch of one commit", "main", prepare=for_the_first_time("main"))(
    fetching("main", one_branch, lambda world: [world.before]))
operation("raw-100-pushes", "fetch after 100 pushes", "grown", prepare=for_the_first_time("grown"))(
    fetching("grown", lambda world: [world.grown_tip], one_branch))


@operation("raw-push-one", "push of one commit", "push", 3, next_push("by-hand"))
def raw_push_one(world, server, number):
    step = world.pushes["by-hand"][number]
    return world.push_raw(server, "push", "refs/heads/by-hand", step, old=None if number else raw.ZERO).ttfb


@operation("raw-push-10k", "push of 10,000 objects to an empty repository", "bulk", 1, new_bulk)
def raw_push_bulk(world, server, name):
    return world.push_raw(server, name, "refs/heads/main", (raw.ZERO, world.bulk_tip, world.bulk_pack)).ttfb


@operation("raw-receive-advert-50k", "what a push asks first, 50,000 refs", "many", 2)
def raw_receive_advert(world, server, _):
    with raw.Connection(server.port, server.headers) as connection:
        raw.info_refs(connection, server.path("many"), "git-receive-pack")
        return connection.ttfb


def crowd_of(repo):
    def run(world, server, _):
        times, errors = [], []

        def one():
            try:
                times.append(fetching(repo, everything)(world, server, None))
            except (OSError, ValueError, raw.Refused) as error:
                errors.append(error)

        checking, world.checking = world.checking, False
        crowd = [threading.Thread(target=one) for _ in range(CROWD)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()
        world.checking = checking
        if errors:
            raise errors[0]
        return statistics.median(times)
    return run


operation("raw-20-clones", "20 fetches of everything at once (first byte: median of the 20)", "main",
          prepare=for_the_first_time("main"))(crowd_of("main"))
operation("raw-20-pushed", "the same of a repository as pushed, that nobody repacked", "pushed",
          prepare=for_the_first_time("pushed"))(crowd_of("pushed"))
