"""What the generator has to know of C++: which lines are compiled, where an expression begins and ends, statements."""

import re
from dataclasses import dataclass

# As the compiler has it on x86-64 without a sanitizer.
DEFINED = {"__x86_64__", "__SSE2__", "TWINMAP_SIMD_BYTES", "TWINMAP_SIMD_GROUPS", "MAP_FIXED_NOREPLACE"}

_DIRECTIVE = re.compile(r"[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b(.*)")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_CAST = re.compile(r"(?:static|reinterpret|const)_cast<|std::min<|std::max<")
_NOT_A_BLOCK = re.compile(r"(?:[\w>\]=,(&|?:]|\breturn)\s*$")
_BLOCK_HEAD = re.compile(r"\b(?:namespace|class|struct|union|enum|else|do|try|extern|const|noexcept|override|final)\b[^()]*$")


def _holds(condition: str) -> bool:
    text = re.sub(r"//.*|/\*.*?\*/", "", condition)
    text = re.sub(r"defined\s*\(?\s*(\w+)\s*\)?", lambda match: str(match[1] in DEFINED), text)
    text = re.sub(r"\b(?!True\b|False\b)[A-Za-z_]\w*(\([^)]*\))?", "False", text)
    text = text.replace("&&", " and ").replace("||", " or ")
    return bool(eval(re.sub(r"!(?!=)", " not ", text), {"__builtins__": {}}))


def inactive(text: str) -> list[tuple[int, int]]:
    """The ranges that the preprocessor leaves out."""
    ranges, stack, position = [], [], 0
    for line in text.splitlines(keepends=True):
        outside = all(taken for taken, _ in stack)
        if match := _DIRECTIVE.match(line):
            kind, rest = match[1], match[2]
            if kind in ("if", "ifdef", "ifndef"):
                word = rest.strip()
                taken = _holds(rest) if kind == "if" else (word in DEFINED) == (kind == "ifdef")
                stack.append((taken, taken))
            elif kind == "elif":
                _, before = stack.pop()
                taken = not before and _holds(rest)
                stack.append((taken, before or taken))
            elif kind == "else":
                _, before = stack.pop()
                stack.append((not before, True))
            else:
                stack.pop()
        elif not outside:
            ranges.append((position, position + len(line)))
        position += len(line)
    return ranges


def closing(code: str, opening: int) -> int:
    """Where the bracket that opens there is closed."""
    pairs = {"(": ")", "[": "]", "{": "}", "<": ">"}
    begin, end, depth = code[opening], pairs[code[opening]], 0
    for position in range(opening, len(code)):
        if code[position] == begin:
            depth += 1
        elif code[position] == end:
            depth -= 1
            if depth == 0:
                return position
    raise ValueError("a bracket is not closed")


def opening(code: str, end: int) -> int:
    """Where the bracket that is closed there opens."""
    pairs = {")": "(", "]": "[", "}": "{"}
    close, begin, depth = code[end], pairs[code[end]], 0
    for position in range(end, -1, -1):
        if code[position] == close:
            depth += 1
        elif code[position] == begin:
            depth -= 1
            if depth == 0:
                return position
    raise ValueError("a bracket is not opened")


def postfix_begin(code: str, position: int) -> int:
    """The first character of the chain `a.b(c)->d[e]::` that ends before `position`."""
    while position > 0:
        before = code[position - 1]
        if before in ")]}":
            position = opening(code, position - 1)
        elif before.isalnum() or before in "_.:":
            position -= 1
        elif before == ">" and code[position - 2] == "-":
            position -= 2
        else:
            break
    return position


def operand_end(code: str, position: int) -> int:
    """One past the operand of a comparison that begins there."""
    while code[position] in " \n":
        position += 1
    while True:
        if match := _CAST.match(code, position):
            position = closing(code, match.end() - 1) + 1
        elif match := _IDENTIFIER.match(code, position):
            position = match.end()
        elif code[position] in "([":
            position = closing(code, position) + 1
        elif code[position] == "{" and (code[position - 1].isalnum() or code[position - 1] == "_"):
            position = closing(code, position) + 1
        elif code[position] == ".":
            position += 1
        elif code.startswith(("->", "::"), position):
            position += 2
        else:
            return position


@dataclass
class Statement:
    start: int
    end: int  # one past its semicolon


def sequences(code: str) -> list[list[Statement]]:
    """The simple statements that stand one after the other in one block; `code` without comments and literals."""
    found, run, start, position, depth = [], [], None, 0, 0
    while position < len(code):
        character = code[position]
        if start is None and not character.isspace() and character not in "{};":
            start = position
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "{" and depth == 0:
            head = code[start:position] if start is not None else ""
            if head and _NOT_A_BLOCK.search(head) and not _BLOCK_HEAD.search(head):
                position = closing(code, position)
            else:
                found.append(run)
                run, start = [], None
        elif character == "}" and depth == 0:
            found.append(run)
            run, start = [], None
        elif character == ";" and depth == 0:
            if start is not None and run and code.startswith("else", start):
                run[-1].end = position + 1
            elif start is not None:
                run.append(Statement(start, position + 1))
            start = None
        position += 1
    found.append(run)
    return [statements for statements in found if len(statements) > 1]


BLOCK, SWITCH, SCOPE, INITIALISER = "block", "switch", "scope", "initialiser"
_SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum|extern|concept|requires)\b[^()=]*$")
_RETURNED = re.compile(r"[)\]](?:\s*(?:const|noexcept|mutable))*\s*->[\w:<>,\s*&]+$")
_LAMBDA = re.compile(r"(?:[(,={]|\breturn)\s*$")


@dataclass
class Braces:
    open: int
    close: int
    kind: str


def blocks(code: str) -> list[Braces]:
    """All pairs of braces, inner ones first, and whether there are statements in them."""
    found: list[Braces] = []
    path: list[Braces] = []
    for position, character in enumerate(code):
        if character == "{":
            path.append(Braces(position, -1, _kind(code, position, path[-1].kind if path else SCOPE)))
        elif character == "}":
            path[-1].close = position
            found.append(path.pop())
    return found


def _head(code: str, brace: int) -> str:
    position = brace
    while position > 0 and code[position - 1] not in ";{}":
        position = opening(code, position - 1) if code[position - 1] in ")]" else position - 1
    return code[position:brace].strip()


def _kind(code: str, brace: int, around: str) -> str:
    head = _head(code, brace)
    if not head or head.endswith(":"):
        return INITIALISER if around == INITIALISER else BLOCK
    if re.match(r"switch\s*\(", head):
        return SWITCH
    if _SCOPE.search(head):
        return SCOPE
    if head.endswith("]"):
        return BLOCK if _LAMBDA.search(code[:opening(code, code.rindex("]", 0, brace))]) else INITIALISER
    if head.endswith(")") or _RETURNED.search(head) or re.search(r"\b(?:else|do|try|const|noexcept|override|final|mutable)$", head):
        return BLOCK
    return INITIALISER
