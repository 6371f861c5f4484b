"""Finds what can be weakened in lib/twinmap: one mutant for each ordered access, re-check, bounds check, and ordered pair of
stores. It knows the style of that code, not all of C++: what it finds is counted by mutations_test.py."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "structure"))

import ordered
import source
from cxx import inactive, closing, operand_end, postfix_begin, sequences
from mutant import LIBRARY, Mutant, library_files

_SWAP_WITHOUT_ORDER = re.compile(r"\.compare_exchange_(?:strong|weak)\(")

# What is compared with what was seen before: the re-load of a word, a stamp, a root, an entry; who is who.
_LOOKED_AT_AGAIN = re.compile(r"\b(load|identity_of|identity_from|transitions|lease_word|activity)\(")
_SAYS_UNCHANGED = re.compile(r"\b(holds|is_current|is_ours|is_file|still_ours|unchanged|is_mine)\(")
_SWAP = re.compile(r"\b(compare_exchange(?:_inlined|_strong|_weak)?|(?<![.:])exchange|chunks_\.exchange|take_free|take_from_dead|"
                   r"try_lock_byte|change_standby)\(")
_LAYERS = ("platform/", "storage/", "protocol/")  # above them no word is swapped
_COMPARED = re.compile(r"\s*(==|!=)\s*")
_LITERAL = re.compile(r"(?:\d\w*|nullptr|true|false|[A-Z_]+)?$")

_IN_BOUNDS = re.compile(r"\b(slot_ok|heap_ok|group_ok|table_ok|block_ok|chunk_ok|has_pair|pairs_agree|holds_more)\(")
_LIMIT = (r"(?:max_slots|max_heap_bytes|max_writers|max_groups|max_chunks|slots_used|resident_slots\(\)|resident_chunks\(\)|"
          r"committed\(\)|heap\.chunks|class_count|named_?\.size\(\)|tables_\.size\(\)|marks_?\.size\(\)|max_key_bytes|"
          r"inline_value_bytes|narrow_slots|type_name_capacity|incarnation_limit|max_lease_slots|max_entries|header_bytes|"
          r"directory_\.slots|m\.source\.groups\(\)|deadline|^size\(\)(?: - \w+)?)")
_COMPARISON = re.compile(r"(?<![<\-=>])\s(<=|>=|<|>)\s(?=\S)")
_NAMED = re.compile(r"(?:const )?[\w:]+[&*]? \w+ = ")
_REFUSAL = re.compile(r"\s*\{?\s*(?:throw\b|(?:\w+(?:\.|->))*(?:raise|raise_corrupted|raise_system|refuse|refuse_kind)\()")

# Not a fence: that it stands elsewhere only weakens an order, and each fence is dropped as one of those.
_STORE = re.compile(
    r"\.store\(|\.fetch_(?:add|or|sub)\(|\bcompare_exchange(?:_\w+)?\(|\bexchange\(|\bstore_(?:root|counts|word|tag)\(|"
    r"\b(?:un)?index_locked\(|\brelease_(?!fence)\w+\(|\bgive_slot_locked\(|\bpublish\w*\(|\bpublished\(|\bmark_live\(|\bretire\w*\(|"
    r"\bcommit\(|\brecord_pairs\(|\b(?:drop|install|finish|settle)_\w+\(|\bcopy_in\(|\bbury_word\(|\bmunmap\(|\bunlink\(|"
    r"\bunlock_byte\(|\bwrite_to\(|\bamend\(|\bbump_epoch\(|__atomic_store_n\(")
# Neither orders anything: a wrong or late one costs time, or tells people something else. What counts the words of a table
# is off after a death, whatever the order, and is mended.
_HINT = re.compile(r"hint|free_chunks|allocation\.|\.count\(|count_claimed|\bpublish\(|publish_counters|publish_lookups|publish_misses|"
                   r"record\.\w+\.store|amended_since|due_since|held_since|seen_at|reap_cursor|run_cursor|care\.(?:late|bell)|totals|"
                   r"hits_read|hits_dirty|misses\.store|\.marked\.|\bcounts(?:\(\))?\.\w+\.store|store_counts|"
                   r"\b(?:named|filled)\.fetch_add")
_CHANGE = re.compile(r"\.(?:store|exchange|fetch_\w+|compare_exchange_\w+)\(|\bcompare_exchange(?:_inlined)?\(|__atomic_store_n\(")
_RELAXED = re.compile(r"[\w.>()-]+(?:\.|->)(?:store|fetch_\w+)\((?:[^;]*, )?std::memory_order_relaxed\);$")
# There nobody sees an order: the file has no name yet.
_UNSEEN = ("protocol/create.cpp",)
_DECLARATION = re.compile(
    r"(?:const|auto|constexpr|static|using|return|break|continue|throw|typedef|else|case|default|for|while|friend|inline|"
    r"\[\[|template|alignas|public|private|explicit|virtual|void|bool|std::\w+)\b|[\w:<>]+[&*]?\s+[&*]?\w+\s*(?:=|\{|;|\()")


class _File:
    def __init__(self, root: Path, path: Path, found: list[Mutant]):
        self.relative = str(path.relative_to(root))
        self.text = path.read_text()
        self.code = source.blanked(self.text)
        for begin, end in inactive(self.text):
            self.code = self.code[:begin] + re.sub(r"[^\n]", " ", self.code[begin:end]) + self.code[end:]
        self.functions = [(each.line, each.line + each.length, each.name) for each in source.functions(path)]
        self.found = found
        self.numbers: dict[str, int] = {}
        self.taken: set[tuple[str, int, int]] = set()

    def add(self, category: str, start: int, end: int, new: str, why: str) -> None:
        if (category, start, end) in self.taken:
            return
        self.taken.add((category, start, end))
        line = self.text.count("\n", 0, start) + 1
        name = next((name for first, last, name in self.functions if first <= line < last), "file")
        stem = f"{category}:{self.relative.removeprefix(LIBRARY + '/')}:{name.split('::')[-1]}"
        self.numbers[stem] = self.numbers.get(stem, 0) + 1
        self.found.append(Mutant(category, f"{stem}:{self.numbers[stem]}", self.relative, line, start,
                                 self.text[start:end], new, why))

    # Each ordered access, each fence.
    def orders(self) -> None:
        for match in ordered.ORDER.finditer(self.code):
            weak = "__ATOMIC_RELAXED" if match[0].startswith("__") else "std::memory_order_relaxed"
            self.add("order", match.start(), match.end(), weak, self.number(match.start()))
        for match in ordered.FENCE.finditer(self.code):
            self.add("order", match.start(), match.end(), "", self.number(match.start()))
        for match in _SWAP_WITHOUT_ORDER.finditer(self.code):
            end = closing(self.code, match.end() - 1)
            if "memory_order" not in self.code[match.end():end]:
                self.add("order", end, end + 1, ", std::memory_order_relaxed)", self.number(match.start()))

    def number(self, position: int) -> str:
        return ordered.label(self.text, self.code, position) or "-"

    # Each validation after a read.
    def rechecks(self) -> None:
        for match in _LOOKED_AT_AGAIN.finditer(self.code):
            after = closing(self.code, match.end() - 1) + 1
            compared = _COMPARED.match(self.code, after)
            if not compared:
                continue
            end = operand_end(self.code, compared.end())
            if not _LITERAL.match(self.code[compared.end():end].strip().rsplit("::", 1)[-1]):
                self.passes("recheck", postfix_begin(self.code, match.start()), end, compared[1] == "==")
        for match in _SAYS_UNCHANGED.finditer(self.code):
            if not self.declared(match.start()):
                self.passes("recheck", postfix_begin(self.code, match.start()), closing(self.code, match.end() - 1) + 1, True)
        for match in _SWAP.finditer(self.code):
            begin, end = postfix_begin(self.code, match.start()), closing(self.code, match.end() - 1) + 1
            inner = self.relative.removeprefix(LIBRARY + "/").startswith(_LAYERS)
            hint = _HINT.search(self.code[begin:end]) is not None
            if inner and not hint and self.asked_for(begin, end) and not self.declared(match.start()):
                self.add("recheck", begin, end, f"({self.text[begin:end]}, true)", "a swap that was lost counts as won")

    def passes(self, category: str, start: int, end: int, value: bool) -> None:
        old = " ".join(self.text[start:end].split())
        self.add(category, start, end, "true" if value else "false", f"always passes: {old}")

    def declared(self, position: int) -> bool:
        return re.search(r"\b(?:bool|uint64_t|void|int|root_word)\s+(?:\w+::)*$", self.code[:position]) is not None

    def asked_for(self, start: int, end: int) -> bool:
        """Whether the result of a call is used as a truth."""
        before = self.code[:start].rstrip()
        statement = before.endswith((";", "{", "}", ")")) or self.code[end:].lstrip()[:1] in ("{", ".")
        assigned = re.search(r"\bbool \w+ =$|\bbool all =$|&&$|\|\|$|[(!]$|\breturn$", before)
        return not statement and assigned is not None

    # Each bounds check, and each other test whose failure is refused.
    def bounds(self) -> None:
        for match in _IN_BOUNDS.finditer(self.code):
            if not self.declared(match.start()):
                self.passes("bounds", postfix_begin(self.code, match.start()), closing(self.code, match.end() - 1) + 1, True)
        for match in re.finditer(r"\bif \(", self.code):
            end = closing(self.code, match.end() - 1)
            if _REFUSAL.match(self.code, end + 1):
                self.refusal(match.end(), end)
        for match in _COMPARISON.finditer(self.code):
            self.comparison(match)

    def refusal(self, begin: int, end: int) -> None:
        condition = self.code[begin:end]
        while inner := re.search(r"\{[^{}]*\}", condition):  # lambdas
            condition = condition.replace(inner[0], "x" * len(inner[0]))
        begin += condition.rfind(";") + 1  # if (init; condition)
        if _NAMED.match(self.code, begin):  # if (const auto failure = f())
            old = self.text[begin:end]
            self.add("bounds", begin, end, f"{old}; false", f"always passes: {' '.join(old.split())}")
        else:
            self.passes("bounds", begin, end, False)

    def comparison(self, match: re.Match) -> None:
        begin = postfix_begin(self.code, match.start())
        end = operand_end(self.code, match.end())
        while sum_before := re.search(r"[\w)\]]( [-+*/] |[-+*/])$", self.code[:begin]):
            begin = postfix_begin(self.code, sum_before.start(1))
        while sum_after := re.match(r" [-+*/] (?=\S)", self.code[end:]):
            end = operand_end(self.code, end + sum_after.end())
        left, right = self.code[begin:match.start()], self.code[match.end():end]
        line = self.code[self.code.rfind("\n", 0, match.start()) + 1:match.start()]
        if not left or "sizeof" in left or re.search(r"\b(?:for|while|template|static_assert|concept|constexpr)\b", line):
            return
        below = match[1].startswith("<")
        if re.search(_LIMIT + r"(?:\.load\([^)]*\))?$", right):
            self.passes("bounds", begin, end, below)
        elif re.search(_LIMIT + r"(?:\.load\([^)]*\))?$", left):
            self.passes("bounds", begin, end, not below)

    # Each numbered store or read-modify-write of which nobody wants the result.
    def omissions(self) -> None:
        for match in _CHANGE.finditer(self.code):
            begin, end = postfix_begin(self.code, match.start()), closing(self.code, match.end() - 1) + 1
            alone = self.code[:begin].rstrip().endswith((";", "{", "}", ")", "else")) and self.code[end] == ";"
            if alone and ordered.label(self.text, self.code, match.start()):
                self.add("omitted", begin, end, "void()", f"left out: {' '.join(self.text[begin:end].split())}")

    # Each pair of stores that stand one after the other and of which the order is meant.
    def pairs(self) -> None:
        if self.relative.endswith(_UNSEEN):
            return
        for statements in sequences(self.code):
            for first, second in zip(statements, statements[1:]):
                if self.is_store(first) and self.is_store(second) and not (self.is_relaxed(first) and self.is_relaxed(second)):
                    self.swap(first, second)

    def is_store(self, statement) -> bool:
        code = self.code[statement.start:statement.end]
        return (_STORE.search(code) is not None and _HINT.search(code) is None and _DECLARATION.match(code) is None)

    def is_relaxed(self, statement) -> bool:
        """Of two such stores the code itself asks for no order."""
        return _RELAXED.match(self.code[statement.start:statement.end]) is not None

    def swap(self, first, second) -> None:
        one, other = self.text[first.start:first.end], self.text[second.start:second.end]
        between = self.text[first.end:second.start]
        # A comment between them keeps a line of its own.
        self.add("pair", first.start, second.end, other + between + one,
                 f"swapped: {' '.join(one.split())} and {' '.join(other.split())}")


def generated(root: Path) -> list[Mutant]:
    found: list[Mutant] = []
    for path in library_files(root):
        file = _File(root, path, found)
        file.orders()
        file.rechecks()
        file.bounds()
        file.omissions()
        file.pairs()
    return found
