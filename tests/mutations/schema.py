"""Mutant schemata (R. H. Untch, A. J. Offutt, M. J. Harrold: Mutation analysis using mutant schemata, ISSTA 1993): all mutants
in one build, of which the environment chooses one when a program begins (chosen.hpp).

An expression becomes `(chosen(17) ? true : not_chosen(17, EXPRESSION, true))`, which also tells whether the two were ever
different; any other change becomes an alternative of the innermost block that it is in: `if (chosen(18)) { the block, changed }
else { the block as it is }`. So nothing that is declared in the one is seen by the other, and scopes end where they ended."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import source
from cxx import BLOCK, blocks, inactive
from mutant import Mutant

EXPRESSION, IN_BLOCK, ALONE = "expression", "block", "alone"
_MARK = re.compile(r"/\*[<>]\d+\*/")
_CALLED = "::twinmap_mutants::"
# What a condition does beside being true or false: then it is not enough that the two were never different.
_DOES_MORE = re.compile(r"(?<![\w>])::\w+\(|compare_exchange|copy_still|getrandom|commit\(|[^=!<>]=[^=]")


def code_of(text: str) -> str:
    """As long as the text, without comments, literals, and what the preprocessor leaves out."""
    code = source.blanked(text)
    for begin, end in inactive(text):
        code = code[:begin] + re.sub(r"[^\n]", " ", code[begin:end]) + code[end:]
    return code


def identity(mutant: Mutant) -> str:
    """What the compiler said of it holds for this change only."""
    return mutant.name + " " + hashlib.sha256(f"{mutant.old}\0{mutant.new}".encode()).hexdigest()[:8]


def bare(text: str) -> str:
    """Without comments (but those that mark mutants) and empty lines: when only those change nothing is built again."""
    def without(match: re.Match) -> str:
        if match[0].lstrip().startswith("#"):
            return re.sub(r"\s*//[^\n]*", "", match[0])
        return " " if match[0].startswith(("//", "/*")) and not _MARK.fullmatch(match[0]) else match[0]
    return re.sub(r"[ \t]*\n\s*\n|[ \t]+\n", "\n", source.TOKEN.sub(without, text))


def is_expression(mutant: Mutant) -> bool:
    return mutant.category in ("recheck", "bounds") and (mutant.new in ("true", "false") or mutant.new.endswith(", true)"))


def shows_difference(mutant: Mutant, level: str) -> bool:
    """Whether it can only be noticed where its value would have been another one."""
    if level != EXPRESSION:
        return False
    return mutant.new not in ("true", "false") or _DOES_MORE.search(mutant.old) is None


@dataclass
class _Node:
    """A range of the text that has mutants: one if it is an expression, some if it is the inside of a block."""
    start: int
    end: int
    mutants: list[Mutant]
    expression: bool
    inner: list["_Node"] = field(default_factory=list)


class Schema:
    """Of one file. `number` of each mutant stands for it at run time; `alone` are those that cannot be in it."""

    def __init__(self, text: str, mutants: list[Mutant], number: dict[str, int], levels: dict[str, str]):
        self.text, self.number = text, number
        self.levels: dict[str, str] = {}
        braces = blocks(code_of(text))
        inside: dict[tuple[int, int], _Node] = {}
        expressions: list[_Node] = []
        for each in sorted(mutants, key=lambda one: (one.start, -len(one.old))):
            end = each.start + len(each.old)
            level = levels.get(identity(each), EXPRESSION if is_expression(each) else IN_BLOCK)
            if level == EXPRESSION and any(other.start < each.start < other.end < end for other in expressions):
                level = IN_BLOCK
            block = next((b for b in braces if b.kind == BLOCK and b.open < each.start and end <= b.close), None)
            if block is None:
                level = ALONE
            self.levels[each.name] = level
            if level == EXPRESSION:
                expressions.append(_Node(each.start, end, [each], True))
            elif level == IN_BLOCK:
                place = (block.open + 1, block.close)
                inside.setdefault(place, _Node(*place, [], False)).mutants.append(each)
        self.roots = _nested(expressions + list(inside.values()))

    def rendered(self) -> str:
        return self._range(0, len(self.text), self.roots)

    def _range(self, start: int, end: int, nodes: list[_Node]) -> str:
        parts, position = [], start
        for node in nodes:
            parts += [self.text[position:node.start], self._node(node)]
            position = node.end
        return "".join(parts) + self.text[position:end]

    def _node(self, node: _Node) -> str:
        as_it_is = self._range(node.start, node.end, node.inner)
        return self._expression(node.mutants[0], as_it_is) if node.expression else self._block(node, as_it_is)

    def _expression(self, each: Mutant, as_it_is: str) -> str:
        number = self.number[each.name]
        chosen, other = f"{_CALLED}chosen({number})", f"{_CALLED}not_chosen({number}, static_cast<bool>({as_it_is}), "
        if each.new in ("true", "false"):
            text = f"({chosen} ? {each.new} : {other}{each.new}))"
        else:  # a swap, which is tried all the same
            text = f"static_cast<bool>({other}true) | {chosen})"
        return f"/*<{number}*/{text}/*>{number}*/"

    def _block(self, node: _Node, as_it_is: str) -> str:
        text = ""
        for each in node.mutants:
            number = self.number[each.name]
            changed = self.text[node.start:each.start] + each.new + self.text[each.start + len(each.old):node.end]
            text += f"/*<{number}*/if ({_CALLED}chosen({number})) {{{changed}\n}} else /*>{number}*/"
        return f"\n{text}{{{as_it_is}}}\n"


def _nested(nodes: list[_Node]) -> list[_Node]:
    roots: list[_Node] = []
    path: list[_Node] = []
    for node in sorted(nodes, key=lambda one: (one.start, -one.end)):
        while path and path[-1].end <= node.start:
            path.pop()
        if path and path[-1].end < node.end:
            raise ValueError(f"{node.mutants[0].name} overlaps {path[-1].mutants[0].name}")
        (path[-1].inner if path else roots).append(node)
        path.append(node)
    return roots


def numbers_at(text: str, line: int) -> set[int]:
    """The mutants of a rendered text that have something on that line."""
    found, open_ones = set(), set()
    for position, content in enumerate(text.splitlines(), 1):
        begun = {int(each) for each in re.findall(r"/\*<(\d+)\*/", content)}
        open_ones |= begun
        if position == line:
            found |= open_ones
        open_ones -= {int(each) for each in re.findall(r"/\*>(\d+)\*/", content)}
    return found


class Kept:
    """What is remembered of a mutant from build to build: its number, so that a file without changes renders as before, and
    the way that the compiler has left open for it."""

    def __init__(self, path: Path):
        self.path = path
        kept = json.loads(path.read_text()) if path.is_file() else {}
        self.number: dict[str, int] = kept.get("number", {})
        self.levels: dict[str, str] = kept.get("levels", {})
        self.scattered: list[str] = kept.get("scattered", [])  # targets that are no single translation unit

    def give_numbers(self, mutants: list[Mutant]) -> None:
        for each in mutants:
            self.number.setdefault(each.name, len(self.number) + 1)

    def refuse(self, mutant: Mutant, level: str) -> None:
        self.levels[identity(mutant)] = IN_BLOCK if level == EXPRESSION else ALONE

    def save(self) -> None:
        self.path.write_text(json.dumps({"number": self.number, "levels": self.levels, "scattered": self.scattered}, indent=0))
