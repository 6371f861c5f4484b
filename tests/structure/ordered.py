"""The ordered accesses of lib/twinmap, the numbers that their comments give them, and what is said of each number.

An access has its number in a comment, "(R4)" or "(R4) of reader.hpp", on its own line, in its statement, right above that, or
above a function that is no more than it. What the number means stands once, in comment lines of their own, as in
"(R4) acquire fence, ... with (E1) of mutate.cpp and (S1): ...": its partners. One without says "with nothing", and why."""

import re
from dataclasses import dataclass
from pathlib import Path

import source

NUMBER = re.compile(r"\(([A-OQ-Z]\d)\)")  # P1 to P10 are promises
ORDER = re.compile(r"std::memory_order_(?:acquire|release|acq_rel|seq_cst)\b|\b__ATOMIC_(?:ACQUIRE|RELEASE|ACQ_REL|SEQ_CST)\b")
FENCE = re.compile(r"(?:platform::)?\b(acquire|release)_fence\(\);")
_WITHOUT_ORDER = re.compile(r"\.(?:compare_exchange_(?:strong|weak)|fetch_\w+)\(|\.load\((?=\))")
_PAIR = re.compile(r"(?<![\w:.>])(?<!bool )(?:platform::)?(?:compare_exchange(?:_inlined)?|swap_pair)\(|\.(?:store|exchange)\(")
_HOLDS = re.compile(r"\bplatform::holds(?:_more)?\(")
# No brace of an initialiser.
_STATEMENT_END = re.compile(r";|(?<=[ \n])(?<!= )(?<!return )\{|\}(?![;,.)])")
_COMMENT_LINES = re.compile(r"(?:^[ \t]*//.*\n)+", re.MULTILINE)
_PARTNER = r"\([A-OQ-Z]\d\)(?: of [\w./]+\.[ch]pp)?"
_EXPLANATION = re.compile(rf"\(([A-OQ-Z]\d)\) (?:(?!\([A-OQ-Z]\d\)).)*?\bwith "
                          rf"(nothing|{_PARTNER}(?:(?:,|,? and)(?: with)? {_PARTNER})*)")
_PLACE = re.compile(r"\(([A-OQ-Z]\d)\) of ([\w./]+\.[ch]pp)")


def label(text: str, code: str, position: int) -> str | None:
    """The number of the access at `position`; `code` is `text` without comments."""
    end = text.find("\n", max(code.find(";", position), position))
    line = text[text.rfind("\n", 0, position) + 1:text.find("\n", position)]
    if own := NUMBER.findall("".join(re.findall(r"//.*", line))):
        return own[0]
    above = max((match.start() for match in _STATEMENT_END.finditer(code, 0, position)), default=0)
    # The line on which the statement before ends has a comment on that one.
    begin = text.find("\n", above)
    if numbers := NUMBER.findall("\n".join(re.findall(r"//.*", text[begin:end]))):
        return numbers[0]
    head = re.search(r"((?:^[ \t]*//.*\n)+)(?:^(?!\s*//).*\n){0,2}.*\Z", text[:above], re.MULTILINE)
    if code[above] == "{" and head and (numbers := NUMBER.findall(head[1])):
        return numbers[0]
    return None


def _arguments(code: str, opening: int) -> str:
    depth = 1
    for end in range(opening + 1, len(code)):
        depth += {"(": 1, ")": -1}.get(code[end], 0)
        if depth == 0:
            return code[opening + 1:end]
    return code[opening + 1:]


def accesses(code: str, in_layer: bool) -> list[int]:
    """Where the ordered accesses are; in the public layer `store` and `exchange` are the map's own."""
    found = {match.start() for pattern in (ORDER, FENCE, _HOLDS) for match in pattern.finditer(code)}
    for pattern in (_WITHOUT_ORDER, _PAIR) if in_layer else (_WITHOUT_ORDER,):
        found |= {match.start() for match in pattern.finditer(code)
                  if not re.search(r"\bmemory_order", _arguments(code, code.index("(", match.start())))}
    return sorted(found)


@dataclass
class Explanation:
    number: str
    partners: list[str]
    file: Path
    line: int


class Library:
    """What the files of a library say."""

    def __init__(self, library: Path):
        self.unnumbered: list[tuple[Path, int, str]] = []  # file, line, text of an access
        self.explained: list[Explanation] = []
        self.mentioned: list[tuple[str, Path, int]] = []
        self.given: set[str] = set()  # numbers of accesses, and what else is named where nothing is explained
        self.placed: list[tuple[str, str, Path, int]] = []  # number, file that is said to explain it, where that is said
        for file in source.files(library, ".hpp", ".cpp"):
            self._read(file, file.parent != library)

    def _read(self, file: Path, in_layer: bool) -> None:
        text = file.read_text()
        code = source.blanked(text)

        def line(position: int) -> int:
            return text.count("\n", 0, position) + 1

        for position in accesses(code, in_layer):
            if number := label(text, code, position):
                self.given.add(number)
            else:
                self.unnumbered.append((file, line(position), text.splitlines()[line(position) - 1].strip()))
        rest = text
        for block in _COMMENT_LINES.finditer(text):
            words = " ".join(re.sub(r"//[/!]?<?", " ", block[0]).split())
            found = [Explanation(match[1], NUMBER.findall(match[2]), file, line(block.start())) for match in _EXPLANATION.finditer(words)]
            self.explained += found
            self.placed += [(match[1], match[2], file, line(block.start())) for match in _PLACE.finditer(words)]
            if found:
                rest = rest[:block.start()] + " " * len(block[0]) + rest[block.end():]
        self.given.update(NUMBER.findall(rest))
        self.mentioned += [(match[1], file, line(match.start())) for match in NUMBER.finditer(text)]
