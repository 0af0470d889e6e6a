"""Many pages watch the same runs: does the training slow down, and does a page still answer?

    python benchmarks/clients.py [--clients 20] [--rounds 4] [--seconds 6] [--json]

Starts the app and two runs (an MLP and a convolution network on digits, one thread each, far more
epochs than are needed), and takes turns within one go: so many seconds unwatched, so many with all
clients on the runs' event streams (half on each, spread over both), in a process of their own as
browsers are. Printed are steps per second watched over unwatched, by wall clock and per second of
the workers' own CPU time (which other programs disturb less), the server's CPU share, what the
clients received, and how long health check, page and a script run took meanwhile.
Targets: 0.95 of the unwatched speed, a page within a second.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

SPEED, ANSWER = 0.95, 1.0
PATIENCE = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--watch", nargs="*", help="as one process of clients: port, token, runs")
    given = parser.parse_args()
    if given.watch:
        port, token, *runs_ = given.watch
        watch(int(port), token, runs_, given.clients)
        return 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ |= {"LAMINA_HOME": home, "LAMINA_IDLE_SECONDS": "60"}
        from builder import runs

        try:
            found = measure(given.clients, given.rounds, given.seconds)
        finally:
            runs.shutdown()
    print(json.dumps(found) if given.json else table(found))
    good = found["by_cpu"] >= SPEED and found["page"] <= ANSWER
    return int(not good)


def measure(clients: int, rounds: int, seconds: float) -> dict[str, Any]:
    """All turns, and the medians."""
    import benchmarks.soak as soak
    from builder import runs, workspace

    started = []
    for kind in ("mlp", "cnn"):
        project = soak.project(kind, 1_000_000)
        started.append(runs.start(project, project_id=workspace.create(project)))
    with app() as (port, server):
        await_(lambda: all(soak.stored(run).step > 100 for run in started), "the runs")
        turns: dict[bool, list[dict[str, float]]] = {False: [], True: []}
        answers: list[tuple[float, float]] = []
        received: list[int] = []
        for _ in range(rounds):
            for watched in (False, True):
                with watching(port, started, clients if watched else 0) as got:
                    turns[watched].append(turn(started, server, seconds))
                    if watched:
                        answers += [answer(port) for _ in range(3)]
                if watched:
                    received.append(sum(got))
        for run in started:
            runs.order(run.id, {"order": "stop"})
    return summed(turns, answers, received, clients)


def summed(
    turns: dict[bool, list[dict[str, float]]],
    answers: list[tuple[float, float]],
    received: list[int],
    clients: int,
) -> dict[str, Any]:
    """Medians over the turns; each watched turn is compared with the unwatched one before it."""

    def ratio(name: str) -> float:
        pairs = zip(turns[True], turns[False])
        return statistics.median(one[name] / other[name] for one, other in pairs)

    return {
        "clients": clients,
        "turns": len(turns[True]),
        "by_wall": ratio("wall"),
        "by_cpu": ratio("cpu"),
        "server": statistics.median(one["server"] for one in turns[True]),
        "server_unwatched": statistics.median(one["server"] for one in turns[False]),
        "messages": statistics.median(received) / max(1, clients),
        "health": max(health for health, _ in answers),
        "page": max(page for _, page in answers),
        "load": os.getloadavg()[0],
    }


def turn(started: list[Any], server: psutil.Process, seconds: float) -> dict[str, float]:
    """Steps of both runs per second of wall clock and of their workers' CPU time; the server's
    share of a core.
    """
    import benchmarks.soak as soak

    workers = [psutil.Process(soak.stored(run).pid) for run in started]
    time.sleep(1.0)  # a stream's first message is the whole
    steps, spent, served = counted(started), burnt(workers), burnt([server])
    began = time.perf_counter()
    time.sleep(seconds)
    wall = time.perf_counter() - began
    done = [now - before for now, before in zip(counted(started), steps)]
    cpu = [now - before for now, before in zip(burnt(workers), spent)]
    return {
        "wall": sum(done) / wall,
        "cpu": statistics.geometric_mean(n / max(c, 1e-3) for n, c in zip(done, cpu)),
        "server": (burnt([server])[0] - served[0]) / wall,
    }


def counted(started: list[Any]) -> list[float]:
    """Steps on the disk."""
    return [(run.folder / "steps.f32").stat().st_size / 24 for run in started]


def burnt(processes: list[psutil.Process]) -> list[float]:
    """Seconds of CPU time."""
    return [sum(one.cpu_times()[:2]) for one in processes]


def answer(port: int) -> tuple[float, float]:
    """Seconds until the health check answers, and until a page's script has run to its end."""
    began = time.perf_counter()
    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=60).read()
    healthy = time.perf_counter() - began
    return healthy, script_run(port)


def script_run(port: int) -> float:
    """Open a page's session as a browser does and wait until its script has finished."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.sync.client import connect

    began = time.perf_counter()
    origin = f"http://127.0.0.1:{port}"
    with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        origin=origin,
        subprotocols=["streamlit"],
        max_size=None,
        open_timeout=60,
    ) as line:
        line.send(
            BackMsg(rerun_script={"query_string": "", "page_name": "runs"}).SerializeToString()
        )
        while True:
            message = ForwardMsg.FromString(line.recv(timeout=60))
            if message.WhichOneof("type") == "script_finished":
                return time.perf_counter() - began


@contextlib.contextmanager
def watching(port: int, started: list[Any], clients: int) -> Any:
    """Clients on the streams for as long as it lasts; gives their messages, once it is over."""
    got: list[int] = []
    if not clients:
        yield got
        return
    token = (Path(os.environ["LAMINA_HOME"]) / "token").read_text().strip()
    command = [sys.executable, str(Path(__file__)), "--clients", str(clients), "--watch"]
    command += [str(port), token, *(run.id for run in started)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    if process.stdout is None:
        raise AssertionError("started with pipes")
    if process.stdout.readline().strip() != "all":
        raise RuntimeError("not all clients could connect")
    yield got
    out, _ = process.communicate("stop\n", timeout=PATIENCE)
    got += json.loads(out.splitlines()[-1])


def watch(port: int, token: str, run_ids: list[str], clients: int) -> None:
    """The clients, a thread each; says "all" once each has had its first message."""
    got = [0] * clients
    for at in range(clients):
        listen(port, token, run_ids[at % len(run_ids)], got, at)
    await_(lambda: all(got), "every client's first message")
    print("all", flush=True)
    sys.stdin.readline()
    print(json.dumps(got), flush=True)
    os._exit(0)  # the streams never end by themselves


def listen(port: int, token: str, run: str, got: list[int], at: int) -> None:
    """Count one stream's messages."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    line.request("GET", f"/lamina/api/runs/{run}/stream?token={token}")

    def read() -> None:
        reply = line.getresponse()
        if reply.status != 200:
            print(f"refused: {reply.status}", file=sys.stderr, flush=True)
            os._exit(1)
        while data := reply.readline():
            got[at] += data.startswith(b"data:")

    threading.Thread(target=read, daemon=True).start()


@contextlib.contextmanager
def app() -> Any:
    """The server on a free port, warm: (port, process)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    log = Path(os.environ["LAMINA_HOME"]) / "app.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--server.headless=true"], stdout=out, stderr=out, cwd=ROOT
        )
        try:
            await_(lambda: answers(port), f"the app; {log}")
            script_run(port)
            await_(lambda: (log.parent / "token").exists() or script_run(port) < 0, "the token")
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def answers(port: int) -> bool:
    """Whether the server is there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def await_(condition: Any, words: str) -> None:
    """Wait for what other processes bring about."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(words)
        time.sleep(0.02)


def table(found: dict[str, Any]) -> str:
    """In words."""
    return (
        f"{found['clients']} clients on 2 runs, {found['turns']} turns, load {found['load']:.0f}\n"
        f"speed, watched over unwatched: {found['by_wall']:.2f} by wall, {found['by_cpu']:.2f} by "
        f"the workers' CPU time (target {SPEED})\n"
        f"server: {found['server'] * 100:.0f} % of a core ({found['server_unwatched'] * 100:.0f} % "
        f"unwatched); {found['messages']:.0f} messages a client and turn\n"
        f"health check {found['health']:.2f} s, page {found['page']:.2f} s at most "
        f"(target {ANSWER:.0f} s)"
    )


if __name__ == "__main__":
    sys.exit(main())
