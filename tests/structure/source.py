"""Reads C++ as far as the gates need it: code without comments and strings, functions with their lengths, includes."""

import re
from dataclasses import dataclass
from pathlib import Path

TOKEN = re.compile(
    r'//(?:[^\n\\]|\\.)*'                               # line comment
    r'|/\*.*?\*/'                                       # block comment
    r'|R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+'"             # a quote after a digit separates digits
    r'|^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*',                 # preprocessor line with its continuations
    re.DOTALL | re.MULTILINE)
_TEMPLATE = re.compile(r'\btemplate\s*<')
_SCOPE = re.compile(r'\s*(?:\[\[.*?\]\]\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern\s*)\b')
_CONSTRAINED_CLASS = re.compile(r'\b(?:class|struct|union)\s+[\w:<>, ]+$')
_ACCESS = re.compile(r'\s*(?:public|protected|private)\s*$')
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:<([^>]+)>|"([^"]+)")', re.MULTILINE)


@dataclass
class Function:
    file: Path
    name: str
    line: int
    length: int


def files(directory: Path, *suffixes: str) -> list[Path]:
    return sorted(path for path in directory.rglob("*")
                  if path.is_file() and (not suffixes or path.suffix in suffixes))


def includes(file: Path) -> list[tuple[int, str, bool]]:
    """(line, what is included, whether it was in quotes) for each #include."""
    text = file.read_text()
    return [(text.count("\n", 0, match.start()) + 1, match[1] or match[2], match[2] is not None)
            for match in _INCLUDE.finditer(text)]


def blanked(text: str) -> str:
    """The text with comments, literals and preprocessor lines replaced by blanks, line by line as long as before."""
    return TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _without_template_heads(head: str) -> str:
    while match := _TEMPLATE.search(head):
        depth, end = 1, match.end()
        while depth > 0 and end < len(head):
            depth += {"<": 1, ">": -1}.get(head[end], 0)
            end += 1
        head = head[:match.start()] + head[end:]
    return head


def _is_function(head: str) -> bool:
    head = _without_template_heads(head).strip()
    if head.startswith("requires") and _CONSTRAINED_CLASS.search(head):
        return False
    return ("(" in head or head.endswith("]")) and not _SCOPE.match(head)


def _name(head: str) -> str:
    match = re.search(r"(operator\s*\S+?|[\w:~]+)\s*\(", _without_template_heads(head))
    return match[1] if match else "lambda"


def _closing(code: str, opening: int) -> int:
    depth = 0
    for position in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[position], 0)
        if depth == 0:
            return position
    return len(code) - 1


def functions(file: Path) -> list[Function]:
    """Every function with a body, from the first line of its declaration to the closing brace. What is inside a
    function (lambdas, local classes) counts as part of it."""
    code = blanked(file.read_text())
    found = []
    position = start = 0
    while position < len(code):
        character = code[position]
        if character in ";}":
            # `foo() : a_{1}, b_{2} {`: the brace of a member's initialiser does not end the declaration.
            if not re.match(r"\s*,", code[position + 1:position + 200]):
                start = position + 1
        elif character == ":" and _ACCESS.match(code[start:position]):
            start = position + 1
        elif character == "{":
            head = code[start:position]
            if _is_function(head):
                end = _closing(code, position)
                first = start + len(head) - len(head.lstrip())
                after = code[end + 1:end + 200].lstrip()
                if not after.startswith((",", "{")):
                    length = code.count("\n", first, end) + 1
                    found.append(Function(file, _name(head), code.count("\n", 0, first) + 1, length))
                    start = end + 1
                position = end
            else:
                start = position + 1
        position += 1
    return found
