#!/usr/bin/env python3
"""The rules about the shape of the tree that a compiler does not know.

    gates.py ROOT GATE      prints each breach as file:line: what is wrong, and exits 1 if there is one
"""

import re
import sys
from pathlib import Path

import ordered
import source

MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 60
MAX_EXCEPTIONS = 3
MAX_READ_PATH_FILES = 4
LAYERS = ["platform", "storage", "protocol"]  # and above them all: the public headers, lib/twinmap itself
PROMISES = [f"P{number}" for number in range(1, 11)]
CODE = (".hpp", ".cpp", ".h")


def exceptions(root: Path) -> dict[str, str]:
    """tests/structure/exceptions.txt: `path:function reason` or `path reason`, one a line."""
    lines = (root / "tests/structure/exceptions.txt").read_text().splitlines()
    entries = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return {entry[0]: entry[1] if len(entry) > 1 else "" for entry in entries}


def size(root: Path) -> list[str]:
    """No file in lib/ is over 450 lines and no function over 60, but for at most three listed exceptions."""
    too_large = {}
    for file in source.files(root / "lib"):
        relative = str(file.relative_to(root))
        lines = len(file.read_text().splitlines())
        if lines > MAX_FILE_LINES:
            too_large[relative] = f"{relative}:1: {lines} lines, at most {MAX_FILE_LINES} are allowed"
        if file.suffix not in CODE:
            continue
        for function in source.functions(file):
            if function.length > MAX_FUNCTION_LINES:
                too_large[f"{relative}:{function.name}"] = (
                    f"{relative}:{function.line}: {function.name} has {function.length} lines, "
                    f"at most {MAX_FUNCTION_LINES} are allowed")
    listed = exceptions(root)
    complaints = [text for key, text in too_large.items() if key not in listed]
    complaints += [f"exceptions.txt: {key} is not too large (any more)" for key in listed if key not in too_large]
    complaints += [f"exceptions.txt: {key} has no reason" for key, reason in listed.items() if not reason]
    if len(listed) > MAX_EXCEPTIONS:
        complaints.append(f"exceptions.txt: {len(listed)} exceptions, at most {MAX_EXCEPTIONS} are allowed")
    return complaints


def layer_of(path: str) -> int | None:
    """The rank of lib/twinmap-relative `path`, the public layer being the highest; None if it is no layer's."""
    parts = path.split("/")
    if len(parts) == 1:
        return len(LAYERS)
    return LAYERS.index(parts[0]) if parts[0] in LAYERS else None


def layers(root: Path) -> list[str]:
    """A layer includes its own files and those below; daemon, tools and bench only the public headers."""
    complaints = []

    def check(file: Path, allowed) -> None:
        top = root / file.relative_to(root).parts[0]
        for line, name, quoted in source.includes(file):
            where = f"{file.relative_to(root)}:{line}"
            if quoted and (root / "lib") in file.parents:
                complaints.append(f'{where}: "{name}" is in quotes: write <twinmap/...>, so that its layer is seen')
            elif quoted and top not in (file.parent / name).resolve().parents:
                complaints.append(f"{where}: {name} climbs out of {top.name}/")
            elif name.startswith("twinmap/") and not allowed(name.removeprefix("twinmap/")):
                complaints.append(f"{where}: {name} is not for this layer")

    library = root / "lib/twinmap"
    for file in source.files(library, *CODE):
        own = layer_of(str(file.relative_to(library)))
        if own is None:
            complaints.append(f"{file.relative_to(root)}:1: is in no layer")
            continue
        check(file, lambda name, own=own: (rank := layer_of(name)) is not None and rank <= own)
    for program in ("daemon", "tools", "bench"):
        for file in source.files(root / program, *CODE):
            check(file, lambda name: "/" not in name)
    return complaints


def promises(root: Path) -> list[str]:
    """Each promise P1...P10 is named where the code keeps it and where a test tries to break it."""
    def cited(files: list[Path]) -> set[str]:
        return {name for file in files for name in re.findall(r"\bP(?:10|[1-9])\b", file.read_text())}

    in_code = cited(source.files(root / "lib", *CODE))
    in_tests = cited([file for file in source.files(root / "tests", *CODE)])
    return ([f"lib/: no file names {name}" for name in PROMISES if name not in in_code] +
            [f"tests/: no test names {name}" for name in PROMISES if name not in in_tests])


def text_of(file: Path) -> str:
    return file.read_text() if file.is_file() else ""


def section(page: Path, heading: str) -> str:
    """What stands in a page below the heading that has these words."""
    found = re.search(rf"^#+[^\n]*{heading}[^\n]*\n(.*?)(?=^#|\Z)", text_of(page), re.IGNORECASE | re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def read_path(root: Path) -> list[str]:
    """From map::load to the slot in at most four files: the list under "Read path" in lib/README.md, each file of which
    is included by one before it."""
    items = re.findall(r"^\s*(?:\d+\.|[-*])[^\n`]*`([\w/.]+\.hpp)`", section(root / "lib/README.md", "read path"), re.MULTILINE)
    if not items:
        return ['lib/README.md: no list of files under a heading with "read path"']
    complaints = []
    if items[0] != "twinmap/map.hpp":
        complaints.append(f"lib/README.md: the read path begins in twinmap/map.hpp, not in {items[0]}")
    if len(items) > MAX_READ_PATH_FILES:
        complaints.append(f"lib/README.md: {len(items)} files on the read path, at most {MAX_READ_PATH_FILES} are allowed")
    reached = {items[0]}
    for item in items:
        if not (root / "lib" / item).is_file():
            complaints.append(f"lib/README.md: {item} does not exist")
            continue
        if item not in reached:
            complaints.append(f"lib/README.md: {item} is not included by a file before it on the read path")
        reached.update(name for _, name, _ in source.includes(root / "lib" / item))
    return complaints


def recipes(root: Path) -> list[str]:
    """lib/RECIPES.md shows each program of lib/examples as it is compiled."""
    shown = text_of(root / "lib/RECIPES.md")
    programs = source.files(root / "lib/examples", ".cpp", ".c", ".py")
    return [f"lib/RECIPES.md: does not show {file.relative_to(root)} as it is"
            for file in programs if f"```\n{file.read_text()}```" not in re.sub(r"```[a-z]+\n", "```\n", shown)]


def orders(root: Path) -> list[str]:
    """Each ordered access of lib/ has a number. Each number is explained once, in a file that lib/README.md lists, with partners
    that name it in turn; tests/mutations/models.txt names its model, and tests/models/README.md the shape that it has there."""
    said = ordered.Library(root / "lib/twinmap")
    complaints = [f"{file.relative_to(root)}:{line}: this ordered access has no number: {text}" for file, line, text in said.unnumbered]
    by_number = {each.number: each for each in said.explained}
    listed = section(root / "lib/README.md", "ordered accesses")
    models = dict(re.findall(r"^([A-Z]\d) (\w.*)$", text_of(root / "tests/mutations/models.txt"), re.MULTILINE))
    shapes = section(root / "tests/models/README.md", "ordered accesses")
    for number, file, line in said.mentioned:
        if number not in by_number:
            complaints.append(f"{file.relative_to(root)}:{line}: ({number}) is explained nowhere, with its partner")
    for number, place, file, line in said.placed:
        if number in by_number and not str(by_number[number].file).endswith("/" + place):
            complaints.append(f"{file.relative_to(root)}:{line}: ({number}) is not explained in {place}")
    for each in said.explained:
        number, where = each.number, f"{each.file.relative_to(root)}:{each.line}"
        if by_number[number] is not each:
            complaints.append(f"{where}: ({number}) is explained twice")
        complaints += [f"{where}: ({number}) has ({partner}) for a partner, which does not name it"
                       for partner in each.partners if partner in by_number and number not in by_number[partner].partners]
        if number not in said.given:
            complaints.append(f"{where}: ({number}) is no access's")
        row = re.search(rf"^\| (?:\w, )*{number[0]}(?:, \w)* \|.*$", listed, re.MULTILINE)
        if not row or f"`{each.file.relative_to(root / 'lib/twinmap')}`" not in row[0]:
            complaints.append(f"lib/README.md: does not say that ({number}) is explained in {each.file.relative_to(root)}")
        if number not in models:
            complaints.append(f"tests/mutations/models.txt: has no line for {number}")
        elif not models[number].startswith("none:") and not re.search(rf"\b{number}\b", shapes):
            complaints.append(f"tests/models/README.md: has no shape for {number}")
    return complaints + [f"tests/mutations/models.txt: {number} is explained nowhere in lib/" for number in models if number not in by_number]


GATES = {gate.__name__: gate for gate in (size, layers, promises, read_path, recipes, orders)}


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[1] not in GATES:
        print(__doc__, "\n    gates:", *GATES, file=sys.stderr)
        return 2
    complaints = GATES[arguments[1]](Path(arguments[0]).resolve())
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
