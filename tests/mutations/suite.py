"""The tests that a mutant has to get past, and how they are built and run. Together they take at most a minute of an idle
machine; what takes longer, or needs a privilege, is left to ctest."""

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

LONGEST_SUITE = 60  # seconds
CONFIGURE = ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_COMPILER=gcc", "-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
             "-DTWINMAP_BUILD_TOOLS=OFF", "-DTWINMAP_BUILD_DAEMON=OFF", "-DTWINMAP_WERROR=OFF",
             # A test that links the shared library need not be linked again when that changes inside.
             "-DCMAKE_LINK_DEPENDS_NO_SHARED=ON"]


@dataclass(frozen=True)
class Step:
    target: str
    filter: str = ""  # none: a program that is one test

    @property
    def name(self) -> str:
        return f"{self.target} {self.filter}".rstrip()


def scenarios(suite: str, names: str) -> str:
    """A filter that lets these of a suite through."""
    return ":".join(suite + name for name in names.split())


STEPS = [
    Step("test_storage", "*"),
    Step("test_protocol_behaviour", "-Writers/CheckBeside.*/5:Writers/CheckBeside.*/6"),
    Step("test_go", "Maps/*GoodHash:Maps/RandomOperations*TruncatedHash:As/*:OneKey.*:ForEach.*:*NeverExhaustASmallMap"
                    ":-*ConcurrentShared/Compare*:*ConcurrentShared/E*:*ConcurrentShared/Load*"),
    Step("test_api", "-RefusedTypes.*:Keeper.Gives*:Keeper.Leaves*:Keeper.Costs*"),
    Step("test_platform", "-HugetlbfsAlone.*:*huge_mounts*:LockFile.IsTheSameForAllWriters*:Creation.AllOfSix*:*SurvivesKills*:*RandomKills*"
                          ":TakingAName.OfManyAtOnce*"),
    Step("test_protocol", "-a_word*"),
    Step("test_processes", "Refused.*:Fork.*:ReadOnly.EveryMutator*:MaxEntries.*:MaxWriters.*:MaxBytes.*:AFullTmpfs.*:Caretaker.*"),
    Step("test_processes", "Killed.AllAtOnce*:Killed.AtAnyInstruction*:FetchAdd.*:UniqueValues/InSlots*:gathering.is_settled*"
                           ":AKilledCreator.At*"),
    Step("test_processes", "*Garbage*:-*Alone*:GarbageOnAFullTmpfs.InAnyRegion*:GarbageOnAFullTmpfs.InThePublished*"),
    Step("test_step", scenarios("In/Death.*/", """store_IntoDirty store_GrowsDirty
        store_BuildsDirtyCompacting store_ReapsALongKey store_UnexpungesALongKey
        store_IntoAChunkThatWasGivenBack
        erase_BlockToBlock clear_Mixed promote_InstallsAStandby promote_WithoutAStandby
        prepare_standby_OfDirty caretaker_Comes answer_Held tend_BesideADeadOne sweep_Reaps
        heap_keeper_Comes give_back_* open_only_BesideADeadOne
        close_AfterWriting end_a_thread_ThatWrote""")),
    Step("test_step", scenarios("In/DeathIn*/", "store_GrowsDirtyCompacting store_UnexpungesALongKey promote_* sweep_Reaps")),
    Step("test_step", scenarios("In/FrozenReader.*/", """load_Inline load_BlockInDirty load_LongKey load_Absent load_Scattered
        load_many_Texts for_each_Texts""")),
    Step("test_step", scenarios("In/FrozenWriter.*/", """store_InlineInRead exchange_InlineNil erase_InlineInDirty
        update_InlineInRead store_InlineNew load_or_store_InlineExpunged load_or_store_BlockToBlock
        store_BlockInDirty exchange_NewWithBlock store_IntoDirty
        store_GrowsDirtyBesideAStandby promote_InstallsAStandby give_back_*
        clear_Mixed caretaker_Comes compact_Amended""")),
    Step("test_step", "FrozenCreatorInVain.Loses*:" +
         scenarios("In/TableUsedAgain.*/", "loadInDirty loadFarUnderTheSameRoot eraseDisplacedUnderTheSameRoot")),
    Step("test_lifecycle", "-*LeavesItsLeaseHoweverOften*:ACancelledThread.Attaches*:AProcess.ThatExitsWhile*"),
    Step("test_exhaustion", "InBetween*:Refusal.*:WithoutMemory.*:*RunOut.*:*/create*:*/open:*/remove:*/insert_of_a_block:"
                            "*/insert_into_new_slots:*/gather_and_give_back"),
    *(Step(f"c_{name}") for name in ("a_scan_visits_each_key_once", "a_small_buffer_loses_nothing", "errors_say_what_was_wrong",
                                     "every_operation_does_its_work", "structures_may_be_older_or_newer")),
]


class Broken(Exception):
    """Without any mutant something is wrong."""


@dataclass
class Verdict:
    """What became of one run: `how` is "passed", "failed", "too slow" or "no test ran"."""
    how: str
    test: str
    seconds: float


class Tree:
    """A copy of the working tree that is built and changed; what is in it is nobody's."""

    def __init__(self, root: Path, directory: Path, name: str):
        self.root = root
        self.source = directory / f"tree-{name}"
        self.build = directory / f"build-{name}"

    def synchronise(self, instead: dict[str, str]) -> None:
        """As the working tree is, but for some files; those that are the same are not touched, so that they are not built again."""
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=self.root, check=True,
                                capture_output=True, text=True).stdout.split("\0")
        wanted = {name for name in listed if name and (self.root / name).is_file()}
        for name in wanted:
            target = self.source / name
            content = instead[name].encode() if name in instead else (self.root / name).read_bytes()
            if not target.is_file() or target.read_bytes() != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                shutil.copymode(self.root / name, target)
        for path in self.source.rglob("*"):
            if path.is_file() and str(path.relative_to(self.source)) not in wanted:
                path.unlink()

    def configure(self, *more: str) -> None:
        options = [*CONFIGURE, *more]
        if shutil.which("ld.lld"):
            options += ["-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld", "-DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=lld"]
        if shutil.which("ccache"):
            options += ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", "-DCMAKE_C_COMPILER_LAUNCHER=ccache"]
        subprocess.run(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", *options], check=True,
                       stdout=subprocess.DEVNULL)

    def compile(self, targets: list[str], jobs: int, *options: str) -> str:
        """Empty if it was built, else what the compiler said."""
        done = subprocess.run(["ninja", "-C", self.build, "-j", str(jobs), *options, *targets], capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def program(self, target: str) -> Path:
        return self.build / ("tests/c" if target.startswith("c_") else "tests") / target

    def tests(self, step: Step) -> list[str]:
        """All that the filter of a step lets through."""
        if not step.filter:
            return [step.target]
        listed = subprocess.run([self.program(step.target), f"--gtest_filter={step.filter}", "--gtest_list_tests"],
                                check=True, capture_output=True, text=True).stdout
        found, group = [], ""
        for line in listed.splitlines():
            name = line.split("#")[0].rstrip()
            if not line.startswith(" "):
                group = name
            elif "DISABLED_" not in name:
                found.append(group + name.strip())
        return found


class Runner:
    """Runs tests of a tree, one call at a time, in a directory of maps of its own."""

    def __init__(self, tree: Tree, number: int):
        self.tree = tree
        self.maps = Path(f"/dev/shm/twinmap-mutants-{os.getpid()}-{number}")
        self.log = tree.build / f"tests-{number}.log"

    def run(self, target: str, chosen: str, limit: float, **variables: str) -> Verdict:
        """`chosen` as --gtest_filter has it."""
        shutil.rmtree(self.maps, ignore_errors=True)
        self.maps.mkdir()
        self.maps.chmod(0o1777)  # as /dev/shm: some tests are other users
        environment = {**os.environ, "TWINMAP_DIR": str(self.maps), **variables}
        for name in ("CI", "TWINMAP_LONG"):
            environment.pop(name, None)
        begin = time.monotonic()
        gtest = [f"--gtest_filter={chosen}", "--gtest_fail_fast"] if target.startswith("test_") else []
        with self.log.open("w") as output:
            process = subprocess.Popen(
                [self.tree.program(target), *gtest],
                cwd=self.tree.build, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True)
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                code = None
            # Children that it left, too.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        shutil.rmtree(self.maps, ignore_errors=True)
        seconds = time.monotonic() - begin
        text = self.log.read_text(errors="replace")
        if code is None:
            return Verdict("too slow", last_begun(text) if gtest else target, seconds)
        if not gtest:
            return Verdict("passed" if code == 0 else "failed", target, seconds)
        if code != 0:
            return Verdict("failed", first_failed(text), seconds)
        passed = re.search(r"\[  (?:PASSED |SKIPPED) \] [1-9]", text)
        return Verdict("passed" if passed else "no test ran", "", seconds)


def last_begun(text: str) -> str:
    return (re.findall(r"^\[ RUN      \] (.*)", text, re.MULTILINE) or ["?"])[-1]


def first_failed(text: str) -> str:
    failed = re.findall(r"^\[  FAILED  \] ([\w/.]+)", text, re.MULTILINE)
    return failed[0] if failed else last_begun(text)  # it crashed
