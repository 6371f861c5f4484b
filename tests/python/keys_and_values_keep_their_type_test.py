"""Each type makes the round trip, also through a C++ program, and what is no value of it is refused."""

import collections
import math
import os
import subprocess
import unittest

import twinmap
from support import MapTest

Quote = collections.namedtuple("Quote", "bid ask at")


class Types(MapTest):
    def test_numbers(self):
        for bits in (8, 16, 32, 64):
            for name, low, high in ((f"u{bits}", 0, 2**bits - 1), (f"i{bits}", -2**(bits - 1), 2**(bits - 1) - 1)):
                map_ = self.map(key=name, value=name)
                map_[low], map_[high] = high, low
                self.assertEqual(dict(map_), {low: high, high: low})
                self.assertRaises(OverflowError, map_.store, low, high + 1)
                self.assertRaises(OverflowError, map_.load, low - 1)
                self.assertRaises(TypeError, map_.store, low, "1")
        for name, value in ((float, 1 / 3), ("f64", -0.0), ("f32", 0.5), (float, math.inf), (bool, True), ("bool", False)):
            map_ = self.map(value=name)
            map_["x"] = value
            self.assertEqual(repr(map_["x"]), repr(value))
            self.assertEqual(map_.load_many(["x"]), [value])

    def test_text_and_bytes(self):
        map_ = self.map(key=str, value=bytes)
        for key, value in (("", b""), ("ä€😀", bytes(range(256))), ("\udcff", b"x"), ("nul\0inside", b"\0")):
            map_[key] = value
            self.assertEqual(map_[key], value)
            self.assertIn(key, list(map_))
        map_["view"] = memoryview(b"bytearray")
        self.assertEqual(map_["view"], b"bytearray")
        self.assertRaises(TypeError, map_.store, b"bytes", b"")
        self.assertRaises(TypeError, map_.store, "key", "text")
        raw = twinmap.Map(map_.name, "r", key=None)
        self.assertEqual(raw["ä€😀"], bytes(range(256)))  # the map's own types where none are asked for
        text = self.map(value=str)
        text["a"] = "\udc80 and more than eight bytes"
        self.assertEqual(text["a"], "\udc80 and more than eight bytes")

    def test_types_default_to_the_maps_own(self):
        map_ = self.map(key="u32", value=float)
        map_[3] = 4.5
        self.assertEqual(dict(twinmap.Map(map_.name, "w")), {3: 4.5})
        made = twinmap.Map(self.name(), max_bytes=16 << 20)
        self.assertEqual((made.info()["key_type"], made.info()["value_type"]), ("bytes", "bytes"))
        made[b"a"] = b"b"
        self.assertEqual(dict(made), {b"a": b"b"})

    def test_structs(self):
        plain = self.map(value=("quote/1", "=ddq"))
        self.assertEqual(plain.info()["value_type"], "struct:quote/1:24")
        plain["a"] = (1.5, 2.5, -3)
        self.assertEqual(plain["a"], (1.5, 2.5, -3))
        named = twinmap.Map(plain.name, key=str, value=("struct:quote/1:24", "=ddq", Quote))
        self.assertEqual(named["a"], Quote(1.5, 2.5, -3))
        named["b"] = Quote(at=1, bid=2.0, ask=3.0)
        self.assertEqual(sorted(plain.values()), [(1.5, 2.5, -3), (2.0, 3.0, 1)])
        self.assertTrue(named.compare_exchange("b", Quote(2.0, 3.0, 1), Quote(0.0, 0.0, 0)))
        raw = twinmap.Map(plain.name)
        self.assertEqual(len(raw["a"]), 24)
        self.assertRaises(twinmap.TypeMismatch, raw.store, "a", b"short")
        self.assertRaises(TypeError, plain.store, "a", (1.5, 2.5))
        keys = self.map(key=("pair", "=II"), value=int)
        keys[(1, 2)] = 3
        self.assertEqual(dict(keys), {(1, 2): 3})
        self.assertRaises(ValueError, twinmap.Map, "x", value=("struct:quote/1:16", "=ddq"))

    def test_structs_of_a_cpp_program(self):
        map_ = self.map(value=("quote/1", "=ddq", Quote))
        for i in range(100):
            map_[f"from python {i}"] = Quote(i + 0.25, i + 0.5, -i)
        subprocess.run([os.environ["TWINMAP_PEER"], "quotes", map_.name], check=True, timeout=60)
        for i in range(100):
            self.assertEqual(map_[f"from c++ {i}"], Quote(i * 2.0, i * 3.0, i * 4))

    def test_nonsense_is_no_type(self):
        for wanted in (3, list, object(), 1.5):
            self.assertRaises(TypeError, twinmap.Map, "x", key=wanted)
        self.assertRaises(twinmap.InvalidArgument, twinmap.Map, self.name(), "x", key=float)
        self.assertRaises(twinmap.InvalidArgument, twinmap.Map, self.name(), "x", value="struct:x")
        self.assertRaises(TypeError, lambda: 3 in self.map())


if __name__ == "__main__":
    unittest.main()
