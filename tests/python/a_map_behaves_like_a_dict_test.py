"""Whatever one does to a Map and to a dict gives the same, and what a dict has, a Map has."""

import collections.abc
import random
import unittest

import twinmap
from support import MapTest


class LikeADict(MapTest):
    def test_it_is_a_mutable_mapping(self):
        self.assertIsInstance(self.map(), collections.abc.MutableMapping)
        missing = {name for name in dir(dict) if not hasattr(twinmap.Map, name)}
        # Order, copies and unions are of a dict that one process owns.
        self.assertEqual(missing - {"copy", "fromkeys", "__or__", "__ror__", "__ior__", "__class_getitem__"},
                         {"__reversed__"} & missing)

    def test_random_operations_match(self):
        source = random.Random(7)
        map_, model = self.map(key=int, value=int), {}
        for _ in range(3000):
            key, value = source.randrange(50), source.randrange(5)
            operation = source.choice((
                lambda m: m.__setitem__(key, value), lambda m: m.get(key), lambda m: m.get(key, value),
                lambda m: m.pop(key, None), lambda m: m.setdefault(key, value), lambda m: key in m, lambda m: len(m),
                lambda m: m[key], lambda m: m.__delitem__(key), lambda m: m.pop(key), lambda m: sorted(m.items()),
                lambda m: sorted(m), lambda m: sorted(m.values()), lambda m: m.update({key: value, -key: 1}),
                lambda m: m == {1: 2}, lambda m: (key, value) in m.items(), lambda m: value in m.values(),
                lambda m: key in m.keys(), lambda m: bool(m)))
            self.assertEqual(self.outcome(operation, map_), self.outcome(operation, model))
        self.assertEqual(map_, model)
        self.assertEqual(dict(map_), model)
        map_.clear()
        self.assertEqual(map_, {})
        self.assertFalse(map_)

    @staticmethod
    def outcome(operation, mapping):
        try:
            return operation(mapping)
        except KeyError as missing:
            return KeyError, missing.args

    def test_popitem_takes_everything_once(self):
        map_ = self.map()
        map_.update(a="1", b="2", c="3")
        self.assertEqual(sorted(map_.popitem() for _ in range(3)), [("a", "1"), ("b", "2"), ("c", "3")])
        self.assertRaises(KeyError, map_.popitem)

    def test_it_may_change_during_a_walk(self):
        map_ = self.map(key=int, value=int)
        map_.update((i, i) for i in range(1000))
        seen = []
        for key, value in map_.items():
            seen.append(key)
            map_[key + 1000] = value
            del map_[key]
        self.assertEqual(sorted(seen), list(range(1000)))
        self.assertEqual(len(map_), 1000)
        walk = iter(map_)
        next(walk)
        del walk  # ends the scan

    def test_it_is_a_context_manager(self):
        with self.map() as map_:
            map_["a"] = "b"
            walk = iter(map_.items())
            next(walk)
        self.assertRaises(twinmap.NotAttached, map_.load, "a")
        self.assertRaises(twinmap.NotAttached, len, map_)
        self.assertRaises(twinmap.NotAttached, next, walk)
        map_.close()
        self.assertIn(map_.name, repr(map_))


class Atomics(MapTest):
    def test_load_and_store(self):
        map_ = self.map()
        self.assertIsNone(map_.load("a"))
        self.assertEqual(map_.load("a", 7), 7)
        map_.store("a", "x")
        self.assertEqual(map_.load("a"), "x")
        self.assertTrue(map_.erase("a"))
        self.assertFalse(map_.erase("a"))

    def test_each_says_what_it_replaced(self):
        map_ = self.map()
        self.assertEqual(map_.load_or_store("a", "one"), ("one", False))
        self.assertEqual(map_.load_or_store("a", "two"), ("one", True))
        self.assertEqual(map_.exchange("a", "three"), "one")
        self.assertIsNone(map_.exchange("b", "x"))
        self.assertEqual(map_.exchange("c", "y", "nothing"), "nothing")
        self.assertEqual(map_.load_and_erase("a"), "three")
        self.assertIsNone(map_.load_and_erase("a"))
        self.assertEqual(map_.load_and_erase("a", 5), 5)

    def test_comparisons(self):
        map_ = self.map()
        map_["a"] = "one"
        self.assertFalse(map_.compare_exchange("a", "two", "three"))
        self.assertTrue(map_.compare_exchange("a", "one", "three"))
        self.assertFalse(map_.compare_erase("a", "one"))
        self.assertTrue(map_.compare_erase("a", "three"))
        self.assertFalse(map_.compare_exchange("a", "three", "x"))

    def test_fetch_add(self):
        signed, unsigned = self.map(value=int), self.map(value="u64")
        self.assertEqual(signed.fetch_add("a"), 0)
        self.assertEqual(signed.fetch_add("a", -5), 1)
        self.assertEqual(signed["a"], -4)
        self.assertEqual(unsigned.fetch_add("a", 2**64 - 1), 0)
        self.assertEqual(unsigned.fetch_add("a", 3), 2**64 - 1)
        self.assertEqual(unsigned["a"], 2)
        self.assertRaises(twinmap.TypeMismatch, self.map(value=float).fetch_add, "a")

    def test_large_values_come_back_from_each(self):
        map_ = self.map(value=bytes)
        large, larger = b"l" * 5000, b"L" * 100_000
        map_["a"] = large
        self.assertEqual(map_["a"], large)
        self.assertEqual(map_.exchange("a", larger), large)
        self.assertEqual(map_["a"], larger)
        self.assertEqual(map_.load_or_store("a", b""), (larger, True))
        self.assertEqual(map_.load_many(["b", "a"]), [None, larger])
        map_["k" * 5000] = b"k"
        self.assertEqual(sorted(map_.items()), [("a", larger), ("k" * 5000, b"k")])
        self.assertEqual(map_.pop("a"), larger)
        self.assertEqual(map_.load_or_store("a", large), (large, False))

    def test_load_many(self):
        map_ = self.map(key=int, value=int)
        map_.update((i, i * i) for i in range(0, 100, 2))
        self.assertEqual(map_.load_many(range(100), -1), [i * i if i % 2 == 0 else -1 for i in range(100)])
        self.assertEqual(map_.load_many([]), [])


class About(MapTest):
    def test_a_map_tells_about_itself(self):
        map_ = self.map(key=str, value=int, max_writers=7, permissions=0o640, lock_timeout=0.5, on_retired="keep")
        map_["a"] = 1
        self.assertTrue(map_.created)
        self.assertFalse(map_.read_only)
        self.assertTrue(map_.promote())
        self.assertFalse(map_.promote())
        stats = map_.stats()
        self.assertEqual((stats["entries_live"], stats["promotions"], stats["amended"]), (1, 1, False))
        self.assertEqual(map_.stats(by_state=False)["entries_live"], 0)
        info = map_.info()
        self.assertEqual((info["name"], info["key_type"], info["value_type"]), (map_.name, "string", "i64"))
        self.assertEqual((info["mode"], info["max_writers"], info["retired"]), (0o640, 7, False))
        options = map_.options()
        self.assertEqual((options["permissions"], options["lock_timeout"], options["on_retired"]), (0o640, 0.5, "keep"))
        self.assertEqual((options["max_bytes"], options["trusted_owner"]), (16 << 20, None))
        again = twinmap.Map(self.name(), "x", **options | {"max_entries": 0})  # what it tells, it takes
        again.close()

    def test_maps_by_name(self):
        map_ = self.map()
        self.assertTrue(twinmap.exists(map_.name))
        self.assertIn(map_.name, [one["name"] for one in twinmap.list_maps()])
        view = twinmap.Map(map_.name, "r")
        self.assertTrue(view.read_only)
        self.assertTrue(twinmap.remove(map_.name))
        self.assertFalse(twinmap.remove(map_.name))
        self.assertFalse(twinmap.exists(map_.name))
        self.assertTrue(view.retired)
        self.assertRaises(twinmap.Retired, map_.store, "a", "b")
        self.assertRegex(twinmap.version(), r"^\d+\.\d+\.\d+$")


if __name__ == "__main__":
    unittest.main()
