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
ORDERED = {
    "lib/twinmap/platform/flag.hpp": "// (A1) release store: with (B1) of storage/user.hpp.\nvoid f() {\n"
                                     "  a.store(1, std::memory_order_release);  // (A1)\n}\n",
    "lib/twinmap/storage/user.hpp": "// (B1) acquire load, pairs with (A1) of platform/flag.hpp.\nvoid g() {\n"
                                    "  a.load(std::memory_order_acquire);  // (B1)\n}\n",
    "lib/README.md": GOOD["lib/README.md"] + "## Ordered accesses\n| A | `platform/flag.hpp` |\n| B, C | `storage/user.hpp` |\n",
    "tests/mutations/models.txt": "A1 orders: x\nB1 none: x\n",
    "tests/models/README.md": "## Ordered accesses\n| A1 | x |\n",
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

    def test_orders_finds_each_access_without_a_number(self):
        self.assertEqual(self.complaints("orders", ORDERED), [])
        user = "lib/twinmap/storage/user.hpp"
        for access in ("a.load(std::memory_order_acquire);", "a.load();", "a.compare_exchange_strong(b, c);", "a.fetch_add(1);",
                       "a.store(1);", "platform::acquire_fence();", "std::atomic_thread_fence(std::memory_order_release);",
                       "if (compare_exchange(p, seen, next)) return;", "platform::compare_exchange_inlined(p, seen, next);",
                       "return platform::holds(a, 1);", "__atomic_store_n(a, 1, __ATOMIC_RELEASE);"):
            bare = f"void h() {{\n  {access}\n}}\n"
            self.assert_red("orders", {**ORDERED, user: ORDERED[user] + bare}, "user.hpp:6", "has no number")
            self.assertEqual(self.complaints("orders", {**ORDERED, user: ORDERED[user] + bare.replace(";\n", ";  // (B1)\n")}), [])
            beside = ORDERED[user].replace("  // (B1)\n", f"  // (B1)\n  {access}\n")
            self.assert_red("orders", {**ORDERED, user: beside}, "user.hpp:4", "has no number")
        for nothing in ("a.load(std::memory_order_relaxed);", "a.compare_exchange_weak(b, c, std::memory_order_relaxed);",
                        "// a.load(std::memory_order_acquire);", "bool compare_exchange(pair& p);", "handle.compare_exchange(k, a, b);"):
            self.assertEqual(self.complaints("orders", {**ORDERED, user: ORDERED[user] + f"void h() {{\n  {nothing}\n}}\n"}), [])

    def test_orders_finds_each_number_without_a_partner(self):
        def changed(file: str, old: str, new: str) -> dict[str, str]:
            self.assertIn(old, ORDERED[file])
            return {**ORDERED, file: ORDERED[file].replace(old, new)}

        flag, user, models = "lib/twinmap/platform/flag.hpp", "lib/twinmap/storage/user.hpp", "tests/mutations/models.txt"
        self.assertIn("(B1) is explained nowhere", self.complaints("orders", changed(user, ", pairs with (A1) of platform/flag.hpp", ""))[0])
        self.assert_red("orders", changed(user, "with (A1) of platform/flag.hpp", "with nothing"), "(A1) has (B1) for a partner, which does not")
        self.assertIn("(C1) is explained nowhere", self.complaints("orders", changed(user, "  // (B1)\n", "  // (C1)\n"))[0])
        self.assert_red("orders", changed(user, "platform/flag.hpp", "platform/page.hpp"), "(A1) is not explained in platform/page.hpp")
        self.assert_red("orders", changed(flag, "void f", "\n// (A1) again, with (B1).\nvoid f"), "(A1) is explained twice")
        self.assert_red("orders", changed("lib/README.md", "`platform/flag.hpp`", "`flag.hpp`"), "does not say that (A1)")
        self.assert_red("orders", changed(models, "B1 none: x\n", ""), "no line for B1")
        self.assert_red("orders", changed(models, "B1", "B2 none: x\nB1"), "B2 is explained nowhere")
        self.assert_red("orders", changed(models, "B1 none: x", "B1 orders: x"), "no shape for B1")
        gone = changed(flag, "  a.store(1, std::memory_order_release);  // (A1)\n", "")
        self.assert_red("orders", gone, "(A1) is no access's")


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
