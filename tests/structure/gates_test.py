#!/usr/bin/env python3
"""Each gate is silent on a small tree that keeps the rules, and red on the same tree with one breach put in."""

import tempfile
import unittest
from pathlib import Path

import gates
import source

ALL_PROMISES = "// " + " ".join(gates.PROMISES) + "\n"
GOOD = {
    "lib/README.md": "# x\n## The read path\n1. `twinmap/map.hpp`: front\n2. `twinmap/storage/slot.hpp`: slot\n## Next\n- `a.hpp`\n",
    "lib/twinmap/map.hpp": "#include <twinmap/storage/slot.hpp>\n" + ALL_PROMISES,
    "lib/twinmap/storage/slot.hpp": "#include <twinmap/platform/page.hpp>\n#include <twinmap/storage/slot.hpp>\n",
    "lib/twinmap/platform/page.hpp": "#include <vector>\n",
    "tools/main.cpp": "#include \"local.hpp\"\n#include <twinmap/map.hpp>\n",
    "tests/public/p_test.cpp": ALL_PROMISES,
    "tests/structure/exceptions.txt": "# none\n",
}


def function(lines: int, head: str = "int f(int x)") -> str:
    return f"{head} {{\n" + "x += 1;\n" * (lines - 2) + "}\n"


class Gates(unittest.TestCase):
    def complaints(self, gate: str, changes: dict[str, str]) -> list[str]:
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory).resolve()
            for name, text in {**GOOD, **changes}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return gates.GATES[gate](root)

    def assert_red(self, gate: str, changes: dict[str, str], *words: str) -> None:
        found = self.complaints(gate, changes)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_all_are_silent_on_the_good_tree(self):
        for gate in gates.GATES:
            self.assertEqual(self.complaints(gate, {}), [], gate)

    def test_size(self):
        page = "lib/twinmap/platform/page.hpp"
        self.assertEqual(self.complaints("size", {page: "\n" * 450}), [])
        self.assert_red("size", {page: "\n" * 451}, "451 lines")
        self.assert_red("size", {"lib/FORMAT.md": "\n" * 451}, "FORMAT.md")
        self.assertEqual(self.complaints("size", {page: function(60)}), [])
        self.assert_red("size", {page: function(61)}, "page.hpp:1: f has 61 lines")
        nested = "namespace a {\nclass b {\n public:\n" + function(61, "bool g() const noexcept") + "};\n}\n"
        self.assert_red("size", {page: nested}, "page.hpp:4: g has 61")

    def test_exceptions(self):
        page, listed = "lib/twinmap/platform/page.hpp", "tests/structure/exceptions.txt"
        excuse = f"{page}:f one reason\n"
        self.assertEqual(self.complaints("size", {page: function(61), listed: excuse}), [])
        self.assert_red("size", {page: function(60), listed: excuse}, "any more")
        self.assert_red("size", {page: function(61), listed: f"{page}:f\n"}, "no reason")
        four = {f"lib/twinmap/f{n}.hpp": function(61) for n in range(4)}
        lines = "".join(f"{name}:f why\n" for name in four)
        self.assert_red("size", {**four, listed: lines}, "4 exceptions")

    def test_layers(self):
        page, slot = "lib/twinmap/platform/page.hpp", "lib/twinmap/storage/slot.hpp"
        self.assert_red("layers", {page: "#include <twinmap/storage/slot.hpp>\n"}, "page.hpp:1", "not for this layer")
        self.assert_red("layers", {slot: "\n#include <twinmap/map.hpp>\n"}, "slot.hpp:2", "not for this layer")
        self.assert_red("layers", {slot: "#include <twinmap/protocol/x.hpp>\n"}, "not for this layer")
        self.assert_red("layers", {page: '#include "page2.hpp"\n'}, "in quotes")
        self.assert_red("layers", {"lib/twinmap/other/x.hpp": "\n"}, "in no layer")
        for program in ("tools", "daemon", "bench"):
            self.assert_red("layers", {f"{program}/x.cpp": "#include <twinmap/storage/slot.hpp>\n"}, "x.cpp:1")
        self.assertEqual(self.complaints("layers", {"bench/a/x.cpp": '#include "../y.hpp"\n'}), [])
        self.assert_red("layers", {"tools/x.cpp": '#include "../lib/twinmap/map.hpp"\n'}, "climbs")

    def test_promises(self):
        without_p10 = ALL_PROMISES.replace("P10", "P100")
        self.assert_red("promises", {"lib/twinmap/map.hpp": without_p10}, "no file names P10")
        self.assert_red("promises", {"tests/public/p_test.cpp": ALL_PROMISES.replace("P1 ", "")}, "no test names P1")

    def test_read_path(self):
        def listing(*names: str) -> dict[str, str]:
            return {"lib/README.md": "## Read path\n" + "".join(f"- `{name}`: x\n" for name in names)}

        self.assert_red("read_path", {"lib/README.md": "# nothing\n"}, "no list")
        self.assert_red("read_path", listing("twinmap/storage/slot.hpp"), "begins in")
        self.assert_red("read_path", listing("twinmap/map.hpp", "twinmap/gone.hpp"), "does not exist")
        self.assert_red("read_path", listing("twinmap/map.hpp", "twinmap/platform/page.hpp"), "not included")
        chain = {f"lib/twinmap/c{n}.hpp": f"#include <twinmap/c{n + 1}.hpp>\n" for n in range(5)}
        chain["lib/twinmap/map.hpp"] = "#include <twinmap/c0.hpp>\n"
        names = [f"twinmap/c{n}.hpp" for n in range(5)]
        self.assertEqual(self.complaints("read_path", {**chain, **listing("twinmap/map.hpp", *names[:3])}), [])
        self.assert_red("read_path", {**chain, **listing("twinmap/map.hpp", *names[:4])}, "5 files")

    def test_recipes(self):
        program = {"lib/examples/x.cpp": "int main() {}\n"}
        self.assert_red("recipes", program, "does not show lib/examples/x.cpp")
        shown = {"lib/RECIPES.md": "# Recipes\n\n```cpp\nint main() {}\n```\n"}
        self.assertEqual(self.complaints("recipes", {**program, **shown}), [])
        self.assert_red("recipes", {"lib/examples/x.cpp": "int main() { }\n", **shown}, "does not show")


class Source(unittest.TestCase):
    def functions(self, text: str) -> list[tuple[str, int]]:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "x.cpp"
            file.write_text(text)
            return [(function.name, function.length) for function in source.functions(file)]

    def test_finds_functions_and_nothing_else(self):
        self.assertEqual(self.functions("struct s {\n int a;\n};\nenum class e { x };\nint y[] = {1, 2};\n"), [])
        self.assertEqual(self.functions("template <class T, class = f<T>>\nvoid g(T) {\n}\n"), [("g", 3)])
        self.assertEqual(self.functions("template <auto F>\nrequires(F > 1) struct s {\n  int f() { return 1; }\n};"), [("f", 1)])
        self.assertEqual(self.functions("s::s(int x)\n    : a_{x},\n      b_(x) {\n  go();\n}\n"), [("s::s", 5)])
        self.assertEqual(self.functions("auto f = [] {\n};\nvoid h() {}\n"), [("lambda", 2), ("h", 1)])

    def test_is_not_misled_by_braces_in_text(self):
        self.assertEqual(self.functions('void f() {\n  a("}", \'}\', R"(})", 1\'000); // }\n}\n'), [("f", 3)])
        self.assertEqual(self.functions("#define X() {\nvoid f() {\n}\n"), [("f", 2)])


if __name__ == "__main__":
    unittest.main()
