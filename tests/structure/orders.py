"""The ordered accesses of lib/twinmap, the numbers that their comments give them, and what is said of each number.

An access has its number in a comment, "(R4)" or "(R4) of reader.hpp", on its own line, in its statement, right above that, or
above a function that is no more than it. What the number means stands once, in comment lines of their own, as in
"(R4) acquire fence, ... with (E1) of mutate.cpp and (S1): ...": its partners. One without says "with nothing", and why."""

import re
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
_DEFINITION = re.compile(rf"\(([A-OQ-Z]\d)\)(?: of [\w./]+)?\s(?:(?!\([A-OQ-Z]\d\)).)*?\bwith (nothing|{_PARTNER}(?:(?:,|,? and)(?: with)? {_PARTNER})*)")
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


def read(library: Path):
    """(unnumbered accesses, numbers in use by access, definitions, every mention)"""
    unnumbered, used, defined, places = [], {}, [], []
    for file in source.files(library, ".hpp", ".cpp"):
        text = file.read_text()
        code = source.blanked(text)
        for position in accesses(code, file.parent != library):
            where = (file, text.count("\n", 0, position) + 1)
            number = label(text, code, position)
            if number:
                used.setdefault(number, where)
            else:
                unnumbered.append((where, text.splitlines()[where[1] - 1].strip()))
        for block in _COMMENT_LINES.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            words = " ".join(re.sub(r"//[/!]?<?", " ", block[0]).split())
            for match in _DEFINITION.finditer(words):
                defined.append((match[1], NUMBER.findall(match[2]), file, line))
        for match in NUMBER.finditer(text):
            places.append((match[1], file, text.count("\n", 0, match.start()) + 1))
    return unnumbered, used, defined, places
