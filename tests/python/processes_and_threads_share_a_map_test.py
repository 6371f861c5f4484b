"""Four Python processes, two of C++ and one of C at work on one map at the same time: of unique values that are handed from
hand to hand each comes back exactly once (P8). And what Python itself has of processes and threads."""

import array
import collections
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
import unittest

import twinmap
from support import MapTest

PYTHON_TOKENS = 40_000
PEER_TOKENS = 60_000


def hand_on(name, identity, count):
    """What the peers do as well; see peers/tokens.cpp."""
    map_ = twinmap.Map(name, "w", key=str, value="u64")
    back = array.array("Q")
    map_.fetch_add("ready")
    while "go" not in map_:
        time.sleep(0.001)
    for number in range(count):
        key = f"hand{number * 7 % 5}"
        token = (identity << 32) + number
        if number % 3 == 0 and (standing := map_.load(key)) is not None:
            # Whoever wins the comparison takes what stood there.
            if map_.compare_exchange(key, standing, token):
                back.append(standing)
                continue
        previous = map_.exchange(key, token)
        if previous is not None:
            back.append(previous)
        if number % 11 == 0 and (taken := map_.pop(key, None)) is not None:
            back.append(taken)
    sys.stdout.buffer.write(back.tobytes())


class Processes(MapTest):
    def test_unique_values_come_back_exactly_once(self):
        map_ = self.map(value="u64")
        workers = [([sys.executable, "-B", __file__], PYTHON_TOKENS)] * 4 + [
            ([os.environ["TWINMAP_PEER"]], PEER_TOKENS)] * 2 + [([os.environ["TWINMAP_PEER_C"]], PEER_TOKENS)]
        crew = [subprocess.Popen([*program, "tokens", map_.name, str(identity), str(count)], stdout=subprocess.PIPE)
                for identity, (program, count) in enumerate(workers)]
        self.addCleanup(lambda: [one.kill() for one in crew])
        deadline = time.monotonic() + 60
        while map_.load("ready", 0) < len(crew):
            self.assertLess(time.monotonic(), deadline, "not every worker came")
            time.sleep(0.01)
        map_["go"] = 1
        back = collections.Counter()
        outputs = [None] * len(crew)

        def collect(i):
            outputs[i] = crew[i].communicate(timeout=240)[0]
        collectors = [threading.Thread(target=collect, args=(i,)) for i in range(len(crew))]
        for one in collectors:
            one.start()
        for one in collectors:
            one.join()
        self.assertEqual([one.returncode for one in crew], [0] * len(crew))
        from_others = 0
        for identity, output in enumerate(outputs):
            tokens = array.array("Q", output)
            from_others += sum(token >> 32 != identity for token in tokens)
            back.update(tokens)
        back.update(value for key, value in map_.items() if key.startswith("hand"))
        drawn = {(identity << 32) + number for identity, (_, count) in enumerate(workers) for number in range(count)}
        self.assertEqual(back.keys(), drawn)
        self.assertEqual(set(back.values()), {1})
        # They did meet: else the audit would say nothing.
        self.assertGreater(from_others, len(drawn) // 100)

    def test_counters_of_four_processes_add_up(self):
        map_ = self.map(value=int)
        with multiprocessing.get_context("spawn").Pool(4) as pool:
            pool.starmap(count_up, [(map_, 2000)] * 4)  # the map is pickled: each attaches anew
        self.assertEqual(dict(map_), {"n": 8000})

    def test_a_forked_child_takes_part(self):
        map_ = self.map(value=int)
        map_["before"] = 1
        child = multiprocessing.get_context("fork").Process(target=take_part, args=(map_,))
        child.start()
        child.join(60)
        self.assertEqual(child.exitcode, 0)
        self.assertEqual(dict(map_), {"before": 1, "child": 2})

    def test_a_pickled_map_attaches_anew(self):
        map_ = self.map()
        map_["a"] = "b"
        again = pickle.loads(pickle.dumps(map_))
        self.assertEqual(again["a"], "b")
        self.assertFalse(again.created)
        view = pickle.loads(pickle.dumps(twinmap.Map(map_.name, "r")))
        self.assertTrue(view.read_only)


class Threads(MapTest):
    def test_buffers_of_threads_are_apart(self):
        map_ = self.map(key=int, value=bytes)
        for key in range(64):
            map_[key] = bytes([key]) * (1 + key * 97)
        wrong = []

        def look(start):
            for i in range(8000):
                key = (start * 13 + i) % 64
                value = map_.load(key)
                if value != bytes([key]) * (1 + key * 97):
                    wrong.append((key, value))
        threads = [threading.Thread(target=look, args=(i,)) for i in range(4)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            for one in threads:
                one.start()
            for one in threads:
                one.join()
        finally:
            sys.setswitchinterval(interval)
        self.assertEqual(wrong, [])

    def test_a_signal_handler_may_look_up_as_well(self):
        import signal
        map_ = self.map(key=int, value=bytes)
        map_[1], map_[2] = b"one", b"the second"
        seen = []
        signal.signal(signal.SIGALRM, lambda *_: seen.append(map_.load(2)))
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        try:
            for _ in range(100_000):
                self.assertEqual(map_.load(1), b"one")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertEqual(set(seen), {b"the second"})

    def test_a_change_leaves_the_other_threads_running(self):
        # The GIL is given away by whatever may wait; here a large copy, which takes milliseconds. While it lasts, another
        # thread must be seen to run; on a busy machine not every time. Twice the value has to fit into a small /dev/shm.
        map_ = self.map(value=bytes, max_bytes=64 << 20)
        large = bytes(8 << 20)
        ticks, done = [], threading.Event()

        def tick():
            while not done.is_set():
                ticks.append(time.monotonic())
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-4)
        ticker = threading.Thread(target=tick)
        ticker.start()
        shares = []  # of the time of a change, how much at most passed without a tick
        try:
            for _ in range(50):
                start = time.monotonic()
                map_["large"] = large
                stored = time.monotonic()
                meanwhile = [start, *(tick for tick in ticks if start < tick < stored), stored]
                shares.append(max(b - a for a, b in zip(meanwhile, meanwhile[1:])) / (stored - start))
                ticks.clear()
                if shares[-1] < 0.3:
                    break
        finally:
            done.set()
            ticker.join()
            sys.setswitchinterval(interval)
        self.assertLess(min(shares), 0.3)


def count_up(map_, times):
    for _ in range(times):
        map_.fetch_add("n")


def take_part(map_):
    assert map_["before"] == 1
    map_["child"] = 2


if __name__ == "__main__":
    if sys.argv[1:2] == ["tokens"]:
        hand_on(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        unittest.main()
