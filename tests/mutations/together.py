"""All mutants in one build (schema.py): building it, and learning which test runs into which mutant."""

import collections
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import schema
import suite
from mutant import Mutant, library_files

_PLACE = re.compile(r"^(?:In file included from |\s+from )?(\S+?):(\d+)[:,]", re.MULTILINE)
_FAILED = re.compile(r"^FAILED: tests/CMakeFiles/(test_\w+)\.dir/", re.MULTILINE)
_REACHED, _DIFFERENT = 1, 2  # chosen.hpp
_BYTES = 4096
# A test that takes longer than this times what it takes without a mutant, and these seconds more, hangs.
SLOWER, GRACE = 6, 10


@dataclass
class Test:
    target: str
    name: str
    seconds: float
    reached: dict[int, int]


class Together:
    def __init__(self, root: Path, directory: Path, mutants: list[Mutant], steps: list[suite.Step], build_jobs: int):
        self.root, self.directory, self.steps, self.jobs = root, directory, steps, build_jobs
        self.mutants = {each.name: each for each in mutants}
        self.kept = schema.Kept(directory / "schema.json")
        self.kept.give_numbers(mutants)
        self.tree = suite.Tree(root, directory, "schema")
        self.levels: dict[str, str] = {}
        self.tests: list[Test] = []

    def build(self) -> None:
        """Builds all targets; what the compiler does not take is tried in another way, at last left out."""
        self._write()
        targets = list(dict.fromkeys(step.target for step in self.steps))
        self._configure()
        for together in (["twinmap_static"], ["twinmap", *targets]):
            while complaint := self.tree.compile(together, self.jobs, "-k", "0"):
                (self.directory / "compiler.log").write_text(complaint)
                if self._refuse(complaint):
                    self._write()
                elif torn := set(_FAILED.findall(complaint)) - set(self.kept.scattered):
                    print(f"not as one translation unit: {', '.join(torn)}", flush=True)  # one name for two things
                    self.kept.scattered += torn
                    self._configure()
                else:
                    raise suite.Broken(f"the tree does not build, and no mutant is to blame:\n{complaint[:3000]}")
                self.kept.save()

    def _configure(self) -> None:
        targets = dict.fromkeys(step.target for step in suite.STEPS)
        united = [f"twinmap_{part}" for part in ("platform", "storage", "protocol", "public", "test_support")]
        united += [target for target in targets if target not in self.kept.scattered]
        self.tree.configure(f"-DCMAKE_CXX_FLAGS=-w -include {self.tree.source}/tests/mutations/chosen.hpp",
                            f"-DTWINMAP_UNITED={';'.join(united)}",
                            f"-DCMAKE_PROJECT_INCLUDE={self.tree.source}/tests/mutations/unite.cmake")

    def _write(self) -> None:
        by_file = collections.defaultdict(list)
        for each in self.mutants.values():
            by_file[each.file].append(each)
        self.texts = {str(path.relative_to(self.root)): schema.bare(path.read_text()) for path in library_files(self.root)}
        for file, mutants in by_file.items():
            made = schema.Schema((self.root / file).read_text(), mutants, self.kept.number, self.kept.levels)
            self.levels.update(made.levels)
            self.texts[file] = schema.bare(made.rendered())
        self.tree.synchronise(self.texts)

    def _refuse(self, complaint: str) -> bool:
        """Blames the mutants on the lines of which the compiler speaks: of its errors, else of anything that it says of the
        library alone; tests go wrong in their own ways."""
        names = {number: name for name, number in self.kept.number.items()}
        errors = "\n".join(line for line in complaint.splitlines() if ": error:" in line)
        for text in [errors] if _FAILED.search(complaint) else [errors, complaint]:
            guilty = set()
            for path, line in _PLACE.findall(text):
                file = os.path.relpath(os.path.join(self.tree.build, path), self.tree.source)
                if file in self.texts:
                    guilty |= schema.numbers_at(self.texts[file], int(line))
            for number in guilty:
                print(f"not {self.levels[names[number]]}: {names[number]}", flush=True)
                self.kept.refuse(self.mutants[names[number]], self.levels[names[number]])
            if guilty:
                return True
        return False

    def learn(self) -> None:
        """Runs each test alone, without a mutant, and keeps how long it took and which mutants it ran into."""
        path = self.directory / "reach.json"
        known = json.loads(path.read_text()) if path.is_file() else {}
        runner = suite.Runner(self.tree, 0)
        for step in self.steps:
            digest = self._digest(step.target)
            known[step.target] = kept = known.get(step.target, {})
            if kept.get("digest") != digest:
                kept.update(digest=digest, tests={})
            for name in self.tree.tests(step):
                if name not in kept["tests"]:
                    kept["tests"][name] = self._measure(runner, step.target, name)
                    path.write_text(json.dumps(known))
        for step in self.steps:
            for name in self.tree.tests(step):
                found = known[step.target]["tests"][name]
                if found["how"] == "passed":
                    self.tests.append(Test(step.target, name, found["seconds"],
                                           {int(number): what for number, what in found["reached"].items()}))
                else:
                    print(f"left out, it is red without any mutant ({found['how']}): {name}")
        print(f"{len(self.tests)} tests take {sum(test.seconds for test in self.tests):.0f} s: on an idle machine "
              f"{suite.LONGEST_SUITE} s are allowed")

    def _digest(self, target: str) -> str:
        digest = hashlib.sha256(self.tree.program(target).read_bytes())
        digest.update((self.tree.build / "lib/libtwinmap.so.0").read_bytes())
        return digest.hexdigest()

    def _measure(self, runner: suite.Runner, target: str, name: str) -> dict:
        file = Path(f"/dev/shm/twinmap-reached-{os.getpid()}")
        for attempt in range(2):
            file.write_bytes(bytes(_BYTES))
            file.chmod(0o666)  # some tests are other users
            done = runner.run(target, name, 300, TWINMAP_REACHED=str(file))
            if done.how == "passed":
                break
        reached = {number: what for number, what in enumerate(file.read_bytes()) if what}
        file.unlink()
        return {"how": done.how, "seconds": round(done.seconds, 3), "reached": reached}

    def meeting(self, each: Mutant) -> list[Test]:
        """The tests that can notice a mutant at all: they run its code, and if that is an expression its value differs."""
        number = self.kept.number[each.name]
        needed = _DIFFERENT if schema.shows_difference(each, self.levels[each.name]) else _REACHED
        return [test for test in self.tests if test.reached.get(number, 0) & needed]

    def reached(self, each: Mutant) -> bool:
        return any(self.kept.number[each.name] in test.reached for test in self.tests)


class Judge:
    """One of those who run tests side by side."""

    def __init__(self, together: Together, number: int):
        self.together, self.runner = together, suite.Runner(together.tree, number)

    def judge(self, each: Mutant, tests: list[Test], first: list[str], patience: float) -> dict:
        """`first`: what killed its neighbours, most often first. After so many seconds nothing new is begun; `left` says what has
        not been, then."""
        number = str(self.together.kept.number[each.name])
        spent, unsteady, left = 0.0, [], []
        for target, batch in _batches(tests, first):
            names = [test.name for test in batch]
            if spent > patience:
                left += names
                continue
            while names:
                limit = SLOWER * sum(test.seconds for test in batch if test.name in names) + GRACE
                done = self.runner.run(target, ":".join(names), limit, TWINMAP_MUTANT=number)
                spent += done.seconds
                if done.how == "passed":
                    break
                if done.test not in names or self._again(target, done.test, number):
                    return {"verdict": "killed", "by": f"{target} {done.test}", "how": done.how, "seconds": round(spent, 1)}
                unsteady.append((target, done.test))
                names.remove(done.test)
        for target, test in unsteady:
            if self._mutant_is_to_blame(target, test, number):
                return {"verdict": "killed", "by": f"{target} {test}", "how": "failed now and then", "seconds": round(spent, 1)}
        return {"verdict": "survived", "by": "", "how": "", "seconds": round(spent, 1), "left": left}

    def _again(self, target: str, test: str, number: str) -> bool:
        return self.runner.run(target, test, 300, TWINMAP_MUTANT=number).how != "passed"

    def _mutant_is_to_blame(self, target: str, test: str, number: str) -> bool:
        """A test that was red once: is it again, and never without the mutant?"""
        with_it = [self._again(target, test, number) for _ in range(6)]
        return any(with_it) and not any(self._again(target, test, "0") for _ in range(6))


def _batches(tests: list[Test], first: list[str]) -> list[tuple[str, list[Test]]]:
    """In the order in which they are run: what killed neighbours, then the quick ones, the longest at last."""
    found, left, spent = [], list(tests), 0.0
    by_name = {f"{test.target} {test.name}": test for test in tests}
    for name in first:
        if (test := by_name.get(name)) and spent + test.seconds < 3:
            found.append((test.target, [test]))
            left.remove(test)
            spent += test.seconds
    for longest in (0.05, 0.5, 3, 1e9):
        by_target = collections.defaultdict(list)
        for test in [test for test in left if test.seconds <= longest]:
            by_target[test.target].append(test)
            left.remove(test)
        found += sorted(by_target.items(), key=lambda of: sum(test.seconds for test in of[1]))
    return found
