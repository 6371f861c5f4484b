#!/usr/bin/env python3
"""twinmap.h says what the C++ headers say, the library exports just what it declares, and the C tests use all of it.

    header_and_library_agree_test.py ROOT LIBRARY
"""

import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT, LIBRARY = (Path(argument) for argument in sys.argv[1:3])


def text_of(name: str) -> str:
    """A header without its comments."""
    text = (ROOT / "lib/twinmap" / name).read_text()
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


HEADER = text_of("twinmap.h")


def members(text: str, struct: str) -> list[str]:
    """The names of a struct's members, in either language."""
    body = re.search(rf"struct {struct} \{{(.*?)\n\}}", text, re.DOTALL)[1]
    names = []
    for declaration in body.split(";"):
        declaration = re.sub(r"\s*(=|\{).*", "", declaration.strip(), flags=re.DOTALL)
        if declaration:
            first, *others = declaration.split(",")
            names += [re.search(r"(\w+)$", first)[1], *(other.strip() for other in others)]
    return names


class Functions(unittest.TestCase):
    declared = set(re.findall(r"TWINMAP_API [^;()]*?\b(twinmap_\w+)\(", HEADER))

    def test_header_is_understood(self):
        self.assertIn("twinmap_load", self.declared)
        self.assertEqual(len(self.declared), HEADER.count("\nTWINMAP_API "))

    def test_library_exports_just_these(self):
        listing = subprocess.run(["nm", "-D", "--defined-only", str(LIBRARY)], check=True, capture_output=True, text=True)
        exported = {line.split()[-1] for line in listing.stdout.splitlines()}
        self.assertEqual({name for name in exported if not name.startswith("_Z")}, self.declared)

    def test_each_is_used_by_a_test(self):
        used = "".join(file.read_text() for file in (ROOT / "tests/c").glob("*.[ch]"))
        self.assertEqual({name for name in self.declared if not re.search(rf"\b{name}\(", used)}, set())

    def test_each_is_documented(self):
        raw = (ROOT / "lib/twinmap/twinmap.h").read_text()
        for name in self.declared:
            comment = re.search(rf"/\*((?:(?!\*/).)*)\*/\nTWINMAP_API [^;()]*?\b{name}\(", raw, re.DOTALL)
            self.assertIsNotNone(comment, name)
            self.assertRegex(comment[1], "[Pp]rogress:", name)


class Statuses(unittest.TestCase):
    def test_are_those_of_errc(self):
        codes = re.search(r"enum class errc \{(.*?)\};", text_of("platform/error.hpp"), re.DOTALL)[1]
        wanted = {name.strip(" \n").split(" ")[0].upper(): number
                  for number, name in enumerate(filter(str.strip, codes.split(",")), 1)}
        statuses = {name: int(number) for name, number in re.findall(r"TWINMAP_(\w+) =\s*(\d+)", HEADER.split("twinmap_mode")[0])}
        self.assertEqual({name: number for name, number in statuses.items() if 0 < number < 100}, wanted)


class Structures(unittest.TestCase):
    def test_have_what_the_cpp_ones_have(self):
        for c_name, file, cpp_name in (("twinmap_options", "options.hpp", "options"),
                                       ("twinmap_map_stats", "stats.hpp", "map_stats"),
                                       ("twinmap_map_info", "stats.hpp", "map_info")):
            ours = {name.removesuffix("_ns") for name in members(HEADER, c_name)} - {"struct_size", "reserved"}
            self.assertEqual(ours, set(members(text_of(file), cpp_name)), c_name)

    def test_begin_with_their_size(self):
        for name in ("twinmap_options", "twinmap_map_stats", "twinmap_map_info"):
            self.assertEqual(members(HEADER, name)[0], "struct_size")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
