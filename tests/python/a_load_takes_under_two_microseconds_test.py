"""How long Python waits for a small value. The best of many short windows: a busy machine spoils most of them, not all."""

import timeit
import unittest

from support import MapTest

LIMIT_NS = 2000
WINDOW = 200
WINDOWS = 300


class LoadAlone(MapTest):
    def best_ns(self, statement, **names):
        return min(timeit.repeat(statement, globals=names, number=WINDOW, repeat=WINDOWS)) / WINDOW * 1e9

    def test_under_two_microseconds(self):
        figures = {}
        for key_type, value_type, key, value in (
                (str, int, "AAPL", 7), (str, str, "AAPL", "a small value"), (bytes, bytes, b"AAPL", b"a small value"),
                (int, int, 5, 7), ("u64", float, 5, 2.5), (str, ("quote/1", "=dd"), "AAPL", (189.2, 189.3))):
            map_ = self.map(key=key_type, value=value_type)
            others = (i if isinstance(key, int) else key * i for i in range(2, 1000))
            map_.update((other, value) for other in (key, *others))
            map_.promote()
            self.assertEqual(map_.load(key), value)
            for how in ("map_.load(key)", "map_[key]", "map_.get(key)", "key in map_"):
                figures[f"{map_!r}: {how}"] = self.best_ns(how, map_=map_, key=key)
        mixed = self.map()
        mixed.update(short="s", long="a longer value " * 10)
        figures["values of different lengths in turn"] = self.best_ns(
            "map_.load('short'); map_.load('long')", map_=mixed) / 2
        for what, ns in figures.items():
            print(f"{ns:7.0f} ns  {what}")
        self.assertLess(max(figures.values()), LIMIT_NS)


if __name__ == "__main__":
    unittest.main()
