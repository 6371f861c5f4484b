#!/usr/bin/env python3
"""The generator finds what it is to find, and everything that is kept by hand fits the library as it is."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import cxx
import generator
import mutant as mutants
import report
import schema
import together

ROOT = Path(__file__).resolve().parent.parent.parent
LEAST_BY_HAND = 40


def promised() -> dict[str, int]:
    """README's table: category → how many there are at least."""
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| (\d+) \|", (ROOT / "tests/mutations/README.md").read_text(), re.MULTILINE)
    return {category: int(number) for category, number in rows}


class OfTheLibrary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.generated = generator.generated(ROOT)
        cls.by_hand = mutants.by_hand(ROOT)  # raises unless each old text is there exactly once
        cls.all = cls.generated + cls.by_hand

    def test_there_are_as_many_as_the_readme_says(self):
        self.assertEqual(list(promised()), list(mutants.CATEGORIES))
        for category, least in promised().items():
            count = sum(each.category == category for each in self.all)
            self.assertGreaterEqual(count, least, category)
            self.assertLessEqual(count, least * 1.25 + 5, f"README is out of step with {category}")
        self.assertGreaterEqual(len(self.by_hand), LEAST_BY_HAND)

    def test_each_changes_its_file_and_has_a_name_of_its_own(self):
        names = [each.name for each in self.all]
        self.assertEqual(sorted(set(names)), sorted(names))
        for each in self.all:
            text = (ROOT / each.file).read_text()
            self.assertNotEqual(each.applied(text), text, each.name)
            self.assertEqual(text[:each.start].count("\n") + 1, each.line, each.name)

    def test_each_layer_and_each_kind_of_rule_has_some(self):
        for layer in ("platform/", "storage/", "protocol/"):
            for category in ("order", "recheck", "bounds", "by_hand"):
                self.assertTrue(any(each.category == category and f"twinmap/{layer}" in each.file for each in self.all),
                                f"{category} in {layer}")
        numbers = {each.why for each in self.generated if each.category == "order"}
        for number in ("R1", "R2", "R3", "R4", "R5", "R6", "R7", "T1", "T2", "S2", "V1", "B2", "C1", "C2", "H1",
                       "L1", "L2", "M1", "M2", "M3", "Y1", "Y2", "Y3", "Y4"):
            self.assertIn(number, numbers)

    def test_each_order_has_a_model_or_a_reason(self):
        models = report.models_for(ROOT)
        used = set()
        for each in self.generated:
            if each.category == mutants.FOR_MODELS:
                self.assertIsNotNone(report.covering(each, models), f"{each.name} ({each.why})")
                used.add(report.covering(each, models))
        for text in models.values():
            for model in text.split(":")[0].split(", "):
                self.assertTrue(model == "none" or (ROOT / f"tests/models/{model}.pml").is_file(), text)

    def test_each_survivor_is_a_mutant_and_has_a_reason(self):
        names = {each.name for each in self.all}
        for name, reason in mutants.table(ROOT, "survivors.txt").items():
            self.assertIn(name, names)
            self.assertTrue(reason, name)

    def test_nearly_all_can_be_in_one_build(self):
        numbers = {each.name: number for number, each in enumerate(self.all, 1)}
        alone, files = [], {each.file for each in self.all}
        for file in files:
            mutants_of_it = [each for each in self.all if each.file == file and each.category != mutants.FOR_MODELS]
            made = schema.Schema((ROOT / file).read_text(), mutants_of_it, numbers, {})
            for each in mutants_of_it:
                begins = made.rendered().count(f"/*<{numbers[each.name]}*/")
                self.assertEqual(begins, 0 if made.levels[each.name] == schema.ALONE else 1, each.name)
            alone += [name for name, level in made.levels.items() if level == schema.ALONE]
        self.assertLessEqual(len(alone), 5, alone)


class OfSmallTexts(unittest.TestCase):
    """Each kind of site in a text of its own, with what must not be taken for one."""

    def found(self, text: str, category: str, file: str = "protocol/x.cpp") -> list[tuple[str, str]]:
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            path = root / mutants.LIBRARY / file
            path.parent.mkdir(parents=True)
            path.write_text(text)
            return [(" ".join(each.old.split()), " ".join(each.new.split()))
                    for each in generator.generated(root) if each.category == category]

    def test_orders(self):
        self.assertEqual(self.found("void f() {\n  a.load(std::memory_order_acquire);\n}\n", "order"),
                         [("std::memory_order_acquire", "std::memory_order_relaxed")])
        self.assertEqual(self.found("void f() {\n  platform::acquire_fence();  // (R4)\n}\n", "order"), [("platform::acquire_fence();", "")])
        self.assertEqual(self.found("void f() {\n  if (a.compare_exchange_strong(b, c)) g();\n}\n", "order"),
                         [(")", ", std::memory_order_relaxed)")])
        for nothing in ("// std::memory_order_acquire\n", "void f() { a.load(std::memory_order_relaxed); }\n", 'auto s = "acquire_fence();";\n',
                        "#if defined(__aarch64__)\nvoid f() { a.load(std::memory_order_acquire); }\n#endif\n"):
            self.assertEqual(self.found(nothing, "order"), [], nothing)

    def test_rechecks(self):
        text = "bool f() {\n  return slot.value.first.load(std::memory_order_relaxed) == seen.bits;\n}\n"
        self.assertEqual([new for _, new in self.found(text, "recheck")], ["true"])
        text = "void f() {\n  if (view->chunks_.load(chunk) != entry) return;\n}\n"
        self.assertEqual(self.found(text, "recheck"), [("view->chunks_.load(chunk) != entry", "false")])
        text = "void f() {\n  if (!compare_exchange(pair, seen, {a, b})) return;\n  compare_exchange(pair, seen, mine);\n}\n"
        self.assertEqual(self.found(text, "recheck"), [("compare_exchange(pair, seen, {a, b})", "(compare_exchange(pair, seen, {a, b}), true)")])
        for nothing in ("void f() {\n  if (a.load(std::memory_order_relaxed) == 0) g();\n}\n", "bool holds(int a, int b);\n",
                        "void f() {\n  if (old) std::exchange(a, b);\n}\n"):
            self.assertEqual(self.found(nothing, "recheck"), [], nothing)

    def test_bounds(self):
        self.assertEqual(self.found("void f() {\n  if (!view.slot_ok(n)) return;\n}\n", "bounds"), [("view.slot_ok(n)", "true")])
        self.assertEqual(self.found("void f() {\n  if (n - 1 >= view.max_slots) return;\n}\n", "bounds"), [("n - 1 >= view.max_slots", "false")])
        self.assertEqual(self.found("void f() {\n  if (a < b.named_.size()) g();\n}\n", "bounds"), [("a < b.named_.size()", "true")])
        self.assertEqual(self.found("void f() {\n  if (name.empty())\n    raise(errc::x, name, \"y\");\n}\n", "bounds"), [("name.empty()", "false")])
        text = "void f() {\n  if (any_of(a, [](int x) { return x; })) throw 1;\n}\n"
        self.assertEqual(self.found(text, "bounds"), [("any_of(a, [](int x) { return x; })", "false")])
        text = "void f() {\n  if (const auto failure = g(); failure) raise(failure);\n  if (const auto failure = g()) raise(failure);\n}\n"
        self.assertEqual(self.found(text, "bounds"), [("failure", "false"), ("const auto failure = g()", "const auto failure = g(); false")])
        for nothing in ("void f() {\n  for (n = 0; n < max_slots; ++n) g();\n}\n", "bool slot_ok(int n) const;\n", "void f() {\n  if (a < b) g();\n}\n"):
            self.assertEqual(self.found(nothing, "bounds"), [], nothing)

    def test_omissions(self):
        text = "void f() {\n  a.store(1, std::memory_order_release);  // (R4)\n}\n"
        self.assertEqual(self.found(text, "omitted"), [("a.store(1, std::memory_order_release)", "void()")])
        text = "void f() {\n  if (x)\n    platform::compare_exchange(a, b, c);  // (E1)\n}\n"
        self.assertEqual(self.found(text, "omitted"), [("platform::compare_exchange(a, b, c)", "void()")])
        for nothing in ("a.store(1, std::memory_order_release);", "if (!a.exchange(1)) return;  // (R4)", "x = a.fetch_add(1);  // (R4)",
                        "a.load(std::memory_order_acquire);  // (R4)"):
            self.assertEqual(self.found(f"void f() {{\n  {nothing}\n}}\n", "omitted"), [], nothing)

    def test_pairs(self):
        two = "void f() {\n  a.store(1);  // first\n  if (c) b.store(2);\n}\n"
        self.assertEqual(self.found(two, "pair"), [("a.store(1); // first if (c) b.store(2);", "if (c) b.store(2); // first a.store(1);")])
        two = "void f() {\n  a.store(1);\n  if (c)\n    b.store(2);\n  else\n    b.store(3);\n}\n"
        self.assertEqual([new for _, new in self.found(two, "pair")], ["if (c) b.store(2); else b.store(3); a.store(1);"])
        three = "void f() {\n  a.store({1});\n  store_root(at, b, {0});\n  at.by.count(x);\n  d.store(2);\n}\n"
        self.assertEqual(len(self.found(three, "pair")), 1)
        for nothing in ("void f() {\n  a.store(1, std::memory_order_relaxed);\n  b.store(2, std::memory_order_relaxed);\n}\n",
                        "void f() {\n  a.store(1);\n}\nvoid g() {\n  b.store(2);\n}\n", "void f() {\n  a.store(1);\n  const int b = c.load(2);\n}\n",
                        "void f() {\n  if (c) {\n    a.store(1);\n  }\n  b.store(1);\n}\n"):
            self.assertEqual(self.found(nothing, "pair"), [], nothing)

    def test_what_the_preprocessor_leaves_out(self):
        text = "#if defined(__x86_64__) && !defined(TWINMAP_THREAD_SANITIZER)\na\n#elif X\nb\n#else\nc\n#endif\nd\n"
        left_out = "".join(text[begin:end] for begin, end in cxx.inactive(text))
        self.assertEqual(left_out, "b\nc\n")


class Together(unittest.TestCase):
    """What schema.py makes of a small file: chosen at run time, each mutant does what it does alone."""

    TEXT = """int a, b;
bool same(int x) { return a == x; }
int f(int x) {
  int all = 0;
  const int both[] = {1, 2};
  for (const int each : both) {
    switch (each) {
      case 1: all += x; break;
      default: all += 2 * x;
    }
    // A comment with { in it.
    if (same(each) && x > 0) all += 100;
  }
  b = all;  // first
  a = 7;
  return all + a;
}
struct with_a_constant { static constexpr int constant = 3; };
"""

    def made(self, *changes: tuple[str, str, str], refused: bool = False) -> schema.Schema:
        """Each change: category, old text, new text; its number is its place."""
        found = [mutants.Mutant(category, f"{category}:{old}", "x.cpp", 1, self.TEXT.index(old), old, new, "")
                 for category, old, new in changes]
        levels = {schema.identity(each): schema.IN_BLOCK for each in found if refused}
        return schema.Schema(self.TEXT, found, {each.name: number for number, each in enumerate(found, 1)}, levels)

    def test_ranges_and_their_blocks(self):
        made = self.made(("bounds", "x > 0", "true"), ("by_hand", "all += 2 * x", "all -= x"), ("by_hand", "constant = 3", "constant = 4"))
        self.assertEqual(list(made.levels.values()), [schema.IN_BLOCK, schema.EXPRESSION, schema.ALONE])
        text = made.rendered()
        self.assertIn("(::twinmap_mutants::chosen(1) ? true : ::twinmap_mutants::not_chosen(1, static_cast<bool>(x > 0), true))", text)
        # Not in the switch, in front of its first case, but around it.
        self.assertRegex(text, r"both\) \{\n/\*<2\*/if \(::twinmap_mutants::chosen\(2\)\) \{\n    switch")
        self.assertEqual(schema.numbers_at(text, 1), set())
        self.assertEqual(schema.numbers_at(text, 1 + text[:text.index("static_cast")].count("\n")), {1})
        refused = self.made(("bounds", "x > 0", "true"), refused=True)
        self.assertIn("if (same(each) && true) all += 100;", refused.rendered())

    def test_comments_do_not_count(self):
        self.assertEqual(schema.bare('a;  // one\n\n// two\n/* three */ "//four";\n#define A "/*"  // five\n/*<6*/b;/*>6*/\n'),
                         'a;\n  "//four";\n#define A "/*"\n/*<6*/b;/*>6*/\n')

    def test_only_a_difference_counts_where_the_value_is_all_there_is(self):
        def shows(old: str, new: str) -> bool:
            return schema.shows_difference(mutants.Mutant("bounds", "x", "x", 1, 0, old, new, ""), schema.EXPRESSION)
        self.assertTrue(shows("n >= limit", "false"))
        self.assertTrue(shows("compare_exchange(a, b)", "(compare_exchange(a, b), true)"))
        self.assertFalse(shows("::fchmod(file, mode) != 0", "false"))
        self.assertFalse(shows("auto failure = f()", "false"))

    @unittest.skipUnless(shutil.which("g++"), "there is no g++")
    def test_each_is_what_it_is_alone(self):
        changes = (("bounds", "x > 0", "true"), ("recheck", "same(each)", "(same(each), true)"), ("by_hand", "all += x; break;", "all += x;"),
                   ("pair", "b = all;  // first\n  a = 7;", "a = 7;  // first\n  b = a;"))
        with tempfile.TemporaryDirectory() as directory:
            def built(name: str, text: str) -> str:
                file = Path(directory) / f"{name}.cpp"
                file.write_text(text + "int main() { a = 1; int sum = f(1); a = 2; sum += 3 * f(-1); return (sum + b) % 256; }\n")
                subprocess.run(["g++", "-std=gnu++20", "-include", ROOT / "tests/mutations/chosen.hpp", "-o", file.with_suffix(""), file], check=True)
                return str(file.with_suffix(""))

            def says(program: str, **variables: str) -> int:
                return subprocess.run([program], env={**os.environ, **variables}).returncode

            together = built("together", self.made(*changes).rendered())
            answers = {says(together)}
            self.assertEqual(answers, {says(built("original", self.TEXT))})
            for number, (_, old, new) in enumerate(changes, 1):
                alone = says(built("alone", self.TEXT.replace(old, new, 1)))
                self.assertEqual(says(together, TWINMAP_MUTANT=str(number)), alone, old)
                answers.add(alone)
            self.assertEqual(len(answers), 5)
            reached = Path(directory) / "reached"
            reached.write_bytes(bytes(4096))
            says(together, TWINMAP_REACHED=str(reached))
            self.assertEqual(list(reached.read_bytes()[1:6]), [3, 3, 1, 1, 0])


class OfResults(unittest.TestCase):
    def test_a_result_is_kept_by_change_and_code(self):
        def key(text: str, old: str = "b", new: str = "c") -> str:
            with tempfile.TemporaryDirectory() as directory:
                (Path(directory) / "x.cpp").write_text(text)
                return mutants.Mutant("bounds", "x", "x.cpp", 1, text.index(old), old, new, "").key(Path(directory))
        self.assertEqual(key("a(b);"), key("// more\n  a(b);  /* and more */\n"))
        for other in (key("a(a, b);"), key("a(b, a);"), key("a(b);", new="d"), key("a(b);", old="a")):
            self.assertNotEqual(key("a(b);"), other)

    def test_the_quick_and_those_that_killed_neighbours_come_first(self):
        tests = [together.Test("x", "Slow", 5, {}), together.Test("x", "Quick", 0.01, {}), together.Test("y", "Usual", 1, {}),
                 together.Test("x", "Quick2", 0.01, {})]
        order = [(target, [test.name for test in batch]) for target, batch in together._batches(tests, ["y Usual"])]
        self.assertEqual(order, [("y", ["Usual"]), ("x", ["Quick", "Quick2"]), ("x", ["Slow"])])


if __name__ == "__main__":
    unittest.main()
