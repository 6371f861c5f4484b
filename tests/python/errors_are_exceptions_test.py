"""What the library refuses is an exception of the kind that a Python program expects, with the library's text."""

import ctypes
import errno
import pickle
import re
import unittest
from pathlib import Path

import _twinmap
import twinmap
from support import MapTest, unique_name

ROOT = Path(__file__).resolve().parents[2]


class Errors(MapTest):
    def expect(self, kinds, text, function, *arguments, **named):
        with self.assertRaisesRegex(kinds[0], text) as context:
            function(*arguments, **named)
        for kind in (*kinds, twinmap.Error, OSError):
            self.assertIsInstance(context.exception, kind)
        return context.exception

    def test_names_and_modes(self):
        name = unique_name()
        self.expect((twinmap.NotFound, FileNotFoundError), f"'{name}'.*there is no", twinmap.Map, name, "w")
        self.expect((twinmap.InvalidName, ValueError), "a/b", twinmap.Map, "a/b")
        self.expect((twinmap.InvalidName, ValueError), "", twinmap.remove, "..")
        self.expect((twinmap.InvalidName, ValueError), "", twinmap.exists, "")
        map_ = self.map()
        self.expect((twinmap.AlreadyExists, FileExistsError), map_.name, twinmap.Map, map_.name, "x")
        self.assertRaises(ValueError, twinmap.Map, name, "a")
        self.assertRaises(TypeError, twinmap.Map, name, colour="blue")
        self.assertRaises(KeyError, map_.__getitem__, "absent")

    def test_types_sizes_and_limits(self):
        map_ = self.map(value=float)
        self.expect((twinmap.TypeMismatch, TypeError), "f64.*string|string.*f64", twinmap.Map, map_.name, key=str, value=str)
        self.expect((twinmap.KeyTooLong, ValueError), "70000 bytes", map_.store, "k" * 70000, 1.0)
        large = self.map(value=bytes)
        self.expect((twinmap.ValueTooLong, ValueError), str(64 << 20), large.store, "k", bytes(64 << 20))
        few = self.map(key=int, max_entries=100)
        self.expect((twinmap.TooManyEntries,), "max_entries is 100", few.update, ((i, "v") for i in range(200)))
        with self.assertRaises(twinmap.NoSpace):
            while True:
                large[str(len(large))] = bytes(1 << 20)

    def test_read_only_and_retired(self):
        map_ = self.map()
        view = twinmap.Map(map_.name, "r")
        self.expect((twinmap.ReadOnly, PermissionError), map_.name, view.store, "a", "b")
        self.expect((twinmap.ReadOnly,), map_.name, view.clear)
        twinmap.remove(map_.name)
        self.expect((twinmap.Retired,), map_.name, map_.erase, "a")

    def test_failures_of_the_system_have_their_number(self):
        failure = self.expect((twinmap.Error,), "/dev/null/maps", twinmap.Map, unique_name(), directory="/dev/null/maps")
        self.assertEqual(failure.errno, errno.ENOTDIR)
        self.expect((twinmap.NotFound,), "/nowhere", twinmap.list_maps, directory="/nowhere/at/all")

    def test_they_travel_between_processes(self):
        failure = self.expect((twinmap.NotFound,), "", twinmap.Map, unique_name(), "w")
        again = pickle.loads(pickle.dumps(failure))
        self.assertIs(type(again), twinmap.NotFound)
        self.assertEqual(str(again), str(failure))

    def test_each_status_has_its_class(self):
        header = (ROOT / "lib/twinmap/twinmap.h").read_text().split("typedef enum twinmap_mode")[0]
        statuses = {int(number): name for name, number in re.findall(r"TWINMAP_(\w+) =\s*(\d+)", header)}
        for status, kind in _twinmap.ERRORS.items():
            self.assertEqual(kind.__name__.lower(), statuses[status].replace("_", "").lower())
            self.assertIs(getattr(twinmap, kind.__name__), kind)
            self.assertIn(kind.__name__, twinmap.__all__)
        self.assertEqual({status for status in statuses if 0 < status < 100} - set(_twinmap.ERRORS), set())


class Module(unittest.TestCase):
    """What this module says twice, twinmap.h says likewise."""
    header = re.sub(r"/\*.*?\*/", "", (ROOT / "lib/twinmap/twinmap.h").read_text(), flags=re.DOTALL)

    def test_structures_are_those_of_the_header(self):
        for ours, theirs in ((_twinmap.Options, "twinmap_options"), (_twinmap.Stats, "twinmap_map_stats"),
                             (_twinmap.Info, "twinmap_map_info"), (_twinmap.Lookup, "twinmap_lookup")):
            body = re.search(rf"typedef struct {theirs} \{{(.*?)\n\}}", self.header, re.DOTALL)[1]
            fields = []
            for declaration in filter(str.strip, body.split(";")):
                c_type, names = re.match(r"\s*(.*?)(\w+(?:\s*,\s*\w+)*)\s*$", declaration, re.DOTALL).groups()
                fields += [(name.strip(), c_type.strip()) for name in names.split(",")]
            self.assertEqual([name for name, _ in ours._fields_], [name for name, _ in fields])
            for (name, kind), (_, c_type) in zip(ours._fields_, fields):
                self.assertIs(kind, self.TYPES[c_type], f"{theirs}.{name}")

    TYPES = {"size_t": ctypes.c_size_t, "uint64_t": ctypes.c_uint64, "uint32_t": ctypes.c_uint32,
             "int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64, "const char*": ctypes.c_char_p,
             "const void*": ctypes.c_char_p, "void*": ctypes.c_void_p, "twinmap_status": ctypes.c_int}

    def test_every_function_is_declared(self):
        for name in re.findall(r"TWINMAP_API [^;()]*?\b(twinmap_\w+)\((?!void\))", self.header):
            if name in ("twinmap_strerror", "twinmap_name"):  # Python has the text and the name
                continue
            declared = getattr(_twinmap.library, name).argtypes
            parameters = re.search(rf"\b{name}\((.*?)\);", self.header, re.DOTALL)[1]
            parameters = re.sub(r"\(\*visit\)\([^)]*\)", "visit", parameters)
            self.assertIsNotNone(declared, name)
            self.assertEqual(len(declared), parameters.count(",") + 1, name)

    def test_every_member_is_used_by_a_test(self):
        tests = "".join(file.read_text() for file in Path(__file__).parent.glob("*_test.py"))
        functions = [name for name in twinmap.__all__ if not isinstance(getattr(twinmap, name), type)]
        members = [f".{name}" for name in vars(twinmap.Map) if not name.startswith("_")]
        self.assertEqual([name for name in functions + members if name not in tests], [])


if __name__ == "__main__":
    unittest.main()
