"""How keys and values of the module twinmap become bytes and come back."""

import ctypes
import struct
from ctypes import c_int64, c_uint64


class Type:
    """How values of one type become bytes and come back. `name` is as the library writes it, None for any."""

    def __init__(self, name, encode, decode, number=None):
        self.name, self.encode, self.decode, self.number = name, encode, decode, number


def _bytes(value):
    if type(value) is bytes:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"a bytes-like object is wanted, not {type(value).__name__}")


def _text(value):
    try:
        return value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="surrogateescape")
    except AttributeError:
        raise TypeError(f"str is wanted, not {type(value).__name__}") from None


def _from_text(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="surrogateescape")


def _packer(pack, name):
    def encode(*values):
        try:
            return pack(*values)
        except struct.error as reason:
            kind = OverflowError if len(values) == 1 and isinstance(values[0], int) else TypeError
            raise kind(f"{values} is no {name}: {reason}") from None
    return encode


def _number(name, letter, c_type):
    form = struct.Struct("=" + letter)
    return Type(name, _packer(form.pack, name), lambda data: form.unpack(data)[0], c_type)


def _record(name, layout, factory=None):
    form = struct.Struct(layout)
    written = name if name.startswith("struct:") else f"struct:{name}:{form.size}"
    if written.rpartition(":")[2] != str(form.size):
        raise ValueError(f"the format {layout!r} has {form.size} bytes, which is not what {name!r} says")
    pack = _packer(form.pack, written)
    make = factory if factory is not None else lambda *fields: fields
    return Type(written, lambda value: pack(*value), lambda data: make(*form.unpack(data)))


_NUMBERS = {name: _number(name, letter, c_type) for name, letter, c_type in (
    ("u8", "B", ctypes.c_uint8), ("u16", "H", ctypes.c_uint16), ("u32", "I", ctypes.c_uint32), ("u64", "Q", c_uint64),
    ("i8", "b", ctypes.c_int8), ("i16", "h", ctypes.c_int16), ("i32", "i", ctypes.c_int32), ("i64", "q", c_int64),
    ("f32", "f", ctypes.c_float), ("f64", "d", ctypes.c_double), ("bool", "?", ctypes.c_bool))}
_BUILT_IN = {bytes: "bytes", str: "string", int: "i64", float: "f64", bool: "bool"}


def type_of(wanted):
    if isinstance(wanted, tuple):
        return _record(*wanted)
    name = _BUILT_IN.get(wanted, wanted)
    if name == "string":
        return Type(name, _text, _from_text)
    if name is None or isinstance(name, str):
        return _NUMBERS.get(name) or Type(name, _bytes, bytes)
    raise TypeError(f"{wanted!r} is no type of keys or values")
