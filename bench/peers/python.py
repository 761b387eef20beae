"""NumPy, PyTorch or JAX as a peer: the protocol of lib/child.mjs (JSON lines in, answers on file descriptor 3)."""
import importlib
import json
import os
import sys
import time

PEER, THREADS = sys.argv[1], int(sys.argv[2])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
import numpy as np


def make_input(spec):
    """lib/data.mjs again: the same numbers."""
    shape, seed = spec["shape"], spec["seed"]
    n = int(np.prod(shape)) if shape else 1
    with np.errstate(over="ignore"):
        x = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed * 0x85EBCA6B & 0xFFFFFFFF)
        x = (x ^ (x >> 16)) * np.uint32(0x21F0AAAD)
        x = (x ^ (x >> 15)) * np.uint32(0x735A2D97)
        x = x ^ (x >> 15)
    if "below" in spec:
        return (x % np.uint32(spec["below"])).astype(np.int32).reshape(shape)
    return ((x / 4294967296.0 * 2 - 1) * spec.get("scale", 1) + spec.get("mean", 0)).astype(np.float32).reshape(shape)


# a run that takes longer is not disturbed by what comes before it
LONG_MS = 400


def look():
    """Nanoseconds that each thread of this process has run, and its processor."""
    found = {}
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/stat") as f:
                cpu = f.read().rpartition(")")[2].split()[36]
            with open(f"/proc/self/task/{task}/schedstat") as f:
                found[task] = int(f.read().split()[0]), cpu
        except OSError:
            pass
    return found


def settle(run):
    """As lib/placement.mjs: runs until the threads that share the work are on processors of their own."""
    run()
    if THREADS < 2 or not sys.platform.startswith("linux"):
        return
    start = shared = now = time.perf_counter()
    before, apart = look(), 0
    while now - start < 0.2 and apart < 2:
        until = time.perf_counter() + 0.001
        while True:
            run()
            now = time.perf_counter()
            if now >= until:
                break
        after = look()
        worked = [(ran - before.get(task, (0, ""))[0], cpu) for task, (ran, cpu) in after.items()]
        most = max(ran for ran, _ in worked)
        busy = [cpu for ran, cpu in worked if ran > 0.15 * most]
        before = after
        if len(busy) > 1:
            shared = now
        elif now - shared > 0.01:
            return
        apart = apart + 1 if len(busy) > 1 and len(set(busy)) == len(busy) else 0


def main():
    out = os.fdopen(3, "w", buffering=1)
    reply = lambda message: print(json.dumps(message), file=out, flush=True)
    peer = run = outputs = None

    def sample(count):
        start = time.perf_counter()
        for _ in range(count):
            run()
        return (time.perf_counter() - start) / count * 1e3

    for line in sys.stdin:
        m = json.loads(line)
        try:
            if m["command"] == "open":
                peer = importlib.import_module(f"python_{PEER}").open_peer(THREADS)
                reply({"version": peer.version, "engine": f"Python {sys.version.split()[0]}", "pid": os.getpid()})
            elif m["command"] == "make":
                run = outputs = None
                w = m["workload"]
                make = getattr(peer, w["kind"], None)
                if make is None:
                    reply({"skip": peer.cannot.get(w["kind"], "no such operation")})
                    continue
                given = {n: make_input(s) for n, s in w.get("inputs", {}).items()}
                start = time.perf_counter()
                run, outputs = make(w, **given)
                run()
                first = (time.perf_counter() - start) * 1e3
                if first > 1500:
                    reply({"first": first, "estimate": first})
                    continue
                run()
                estimate = sample(1)
                until = time.perf_counter() + m["warmUpMs"] / 1e3
                while time.perf_counter() < until:
                    estimate = sample(1 if estimate > 1 else 20)
                reply({"first": first, "estimate": estimate})
            elif m["command"] == "outputs":
                arrays = [np.ascontiguousarray(a, dtype=np.float32).reshape(-1) for a in outputs()]
                with open(m["file"], "wb") as file:
                    for a in arrays:
                        file.write(a.tobytes())
                reply({"lengths": [int(a.size) for a in arrays]})
            elif m["command"] == "sample":
                # as child.mjs: what comes first after a stop does not count
                if m["estimate"] < LONG_MS:
                    settle(run)
                reply({"ms": sample(m["count"])})
        except Exception as e:
            reply({"error": f"{type(e).__name__}: {e}"[:300]})


main()
