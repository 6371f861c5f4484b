"""A mutant: one change of one file of the library that ought to turn a test red."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

LIBRARY = "lib/twinmap"
CATEGORIES = {
    "order": "an ordered access becomes relaxed, a fence goes",
    "recheck": "a validation after a read always passes; a lost compare-and-swap is taken for won",
    "bounds": "a bounds check, or another test that refuses, always passes",
    "omitted": "a numbered store is left out",
    "pair": "two ordered stores are swapped",
    "by_hand": "a plausible mistake, written by hand",
}
# Nothing that runs on x86 sees these: the models have to.
FOR_MODELS = "order"


@dataclass(frozen=True)
class Mutant:
    category: str
    name: str   # what it is found by from run to run: no line number in it
    file: str   # relative to the root
    line: int
    start: int  # what is replaced: text[start:start + len(old)]
    old: str
    new: str
    why: str

    def applied(self, text: str) -> str:
        end = self.start + len(self.old)
        if text[self.start:end] != self.old:
            raise ValueError(f"{self.name}: {self.file} is not the text it was made for")
        return text[:self.start] + self.new + text[end:]

    def key(self, root: Path) -> str:
        """Under which a result is kept: this change, at this place of the code of its file. Comments and white space do not
        count, so a place is given by the code before it."""
        text = (root / self.file).read_text()
        before, behind = (_code(part) for part in (text[:self.start], text[self.start + len(self.old):]))
        return hashlib.sha256("\0".join((self.file, before, behind, _code(self.old), _code(self.new))).encode()).hexdigest()[:24]


def _code(text: str) -> str:
    return " ".join(re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL).split())


def library_files(root: Path) -> list[Path]:
    return sorted(path for path in (root / LIBRARY).rglob("*") if path.suffix in (".hpp", ".cpp"))


def by_hand(root: Path) -> list[Mutant]:
    """by_hand/*.txt. Each:  === title / why it is wrong / file / --- / old text, once in the file / +++ / new text."""
    found = []
    for page in sorted((root / "tests/mutations/by_hand").glob("*.txt")):
        for entry in re.split(r"^=== ", page.read_text(), flags=re.MULTILINE)[1:]:
            found.append(_entry(root, page.name, entry))
    return found


def _entry(root: Path, page: str, entry: str) -> Mutant:
    head, _, change = entry.partition("\n---\n")
    lines = [line for line in head.splitlines() if line]
    old, marked, new = change.partition("\n+++\n")
    if len(lines) < 3 or not marked:
        raise ValueError(f"by_hand/{page}: this is no mutant: {lines[:1]}")
    title, why, file = lines[0], " ".join(lines[1:-1]), f"{LIBRARY}/{lines[-1]}"
    new = new.rstrip("\n")
    text = (root / file).read_text()
    if text.count(old) != 1:
        raise ValueError(f"by_hand/{page}: {title}: the old text is {text.count(old)} times in {file}")
    start = text.index(old)
    return Mutant("by_hand", f"by_hand:{title}", file, text.count("\n", 0, start) + 1, start, old, new, why)


def table(root: Path, file: str) -> dict[str, str]:
    """A kept file of `name  text` lines, # begins a comment."""
    lines = (root / "tests/mutations" / file).read_text().splitlines()
    entries = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return {entry[0]: entry[1] if len(entry) > 1 else "" for entry in entries}
