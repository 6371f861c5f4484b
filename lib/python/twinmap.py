"""twinmap for Python: Go's sync.Map for processes. Every process that attaches to a name sees the same map.

    import twinmap
    with twinmap.Map("hits", key=str, value=int) as hits:      # attaches, or makes it
        hits["AAPL"] = 1                                        # like a dict ...
        hits.fetch_add("AAPL", 2)                               # ... and atomic across processes
        print(hits["AAPL"], "MSFT" in hits, dict(hits.items()))

Types of keys and values are named in Python (bytes, str, int for i64, float, bool), as the library writes them ("u64",
"string", "struct:quote/1:16", ...), or as (name, format of the module struct[, class]), which makes a tuple or the
class: Map("quotes", key=str, value=("quote/1", "=dd", Quote)). Without them a map that exists tells its own, and one
that is made is of bytes. str is UTF-8; what is not comes and goes as surrogate escapes.

A Map is for several threads and processes; after fork a child goes on with it, and a pickled one attaches anew. Only
close() needs it for itself. Lookups take no lock and are called with the GIL held: they are over before it could be
given away. Everything else gives it away. Absent keys raise KeyError, what the library refuses an Error that says why.
"""

import collections.abc
import ctypes
import os
import weakref
from ctypes import byref, c_int, c_int64, c_size_t, c_uint64, c_void_p

import _twinmap
from _twinmap import Error, check
from _twinmap_types import type_of

__all__ = ["Map", "Error", "remove", "exists", "list_maps", "version"]
for _kind in (Error, *_twinmap.ERRORS.values()):
    _kind.__module__ = __name__
    globals()[_kind.__name__] = _kind
    __all__.append(_kind.__name__)

_c = _twinmap.library
_MODES = {"x": 0, "c": 1, "w": 2, "r": 3}
_MISSING = object()
_SIZES = [c_size_t(size) for size in range(256)]  # of keys: to make one takes longer than to find one
_FRAME_BYTES = 4096


# ---- options ----

def _group_id(group):
    import grp
    return grp.getgrnam(group).gr_gid if isinstance(group, str) else group


def _options(permissions=None, lock_timeout=None, on_retired=None, directory=None, group=None, **plain):
    """twinmap_options from what a caller named: those of options.hpp, with `permissions` for mode."""
    options = _twinmap.Options()
    _c.twinmap_options_init(byref(options))
    if permissions is not None:
        options.mode = permissions
    if lock_timeout is not None:
        options.lock_timeout_ns = round(lock_timeout * 1e9)
    if on_retired is not None:
        options.on_retired = ("fail", "keep").index(on_retired)
    if directory is not None:
        options.directory = os.fsencode(directory)
    if group is not None:
        options.group = _group_id(group)
    for name, value in plain.items():
        if name not in ("max_bytes", "max_entries", "slot_bytes", "max_writers", "huge_pages", "trusted_owner"):
            raise TypeError(f"{name!r} is no option of a twinmap.Map")
        if value is not None:
            setattr(options, name, value)
    return options


def _fields(structure):
    """A structure as a dict; strings are str."""
    values = {name: getattr(structure, name) for name, *_ in structure._fields_ if name not in ("struct_size", "reserved")}
    return {name: os.fsdecode(value) if isinstance(value, bytes) else value for name, value in values.items()}


def _info(structure):
    fields = _fields(structure)
    return fields | {name: bool(fields[name]) for name in ("huge_pages", "retired")}


# ---- the map ----

def _frame(c_type):
    """Room for one value and its length, with the arguments that point there."""
    buffer = c_type()
    room = c_size_t(ctypes.sizeof(buffer))
    return buffer, room, byref(buffer), byref(room)


def _lookup_of(handle, key_type, value_type):
    """A function (key, default) → value for one map. Everything it needs is a local variable of it. A frame is in use by
    one lookup at a time, also where a signal's handler or a finaliser comes in between with another one."""
    frames = []
    take, give = frames.pop, frames.append
    encode, decode, number = key_type.encode, value_type.decode, value_type.number
    raw = decode is bytes
    load, sizes = _twinmap.fast_load, _SIZES
    frame_type = number if number is not None else ctypes.c_char * _FRAME_BYTES

    def lookup(key, default):
        data = encode(key)
        size = len(data)
        try:
            frame = take()
        except IndexError:
            frame = _frame(frame_type)
        buffer, room, to, length = frame
        status = load(handle, data, sizes[size] if size < 256 else c_size_t(size), to, length)
        if status == 0:
            if number is not None:
                value = buffer.value
            else:
                value = buffer[:room.value]
                room.value = _FRAME_BYTES
                if not raw:
                    value = decode(value)
            give(frame)
            return value
        if status == _twinmap.NOT_FOUND:
            give(frame)
            return default
        if status == _twinmap.TOO_SMALL and number is None:
            data = _grown(room.value, lambda to, length: _c.twinmap_load(handle, data, size, to, length))
            return default if data is None else decode(data)
        raise _twinmap.failure_of(status)
    return lookup


def _grown(room, call):
    """The value that call(buffer, length) puts there, in as large a buffer as it takes; None if it says not found."""
    while True:
        buffer, length = (ctypes.c_char * room)(), c_size_t(room)
        status = call(buffer, byref(length))
        if status == _twinmap.TOO_SMALL:
            room = length.value
            continue
        if status == _twinmap.NOT_FOUND:
            return None
        check(status)
        return buffer[:length.value]


class Map(collections.abc.MutableMapping):
    """One attachment to the map `name`.

    mode     "c" attaches to it, making it if there is none; "x" makes it; "w" attaches to one that exists; "r" likewise,
             read-only
    options  those of twinmap::options: max_bytes, max_entries, slot_bytes, max_writers, permissions (0o600), group (a
             number or a name), huge_pages; and of this attachment: directory, lock_timeout (seconds), trusted_owner,
             on_retired ("fail" or "keep")
    """

    def __init__(self, name, mode="c", *, key=None, value=None, **options):
        self._handle = c_void_p()
        self._arguments = name, mode, key, value, options
        key_type, value_type = type_of(key), type_of(value)
        names = [None if type_.name is None else os.fsencode(type_.name) for type_ in (key_type, value_type)]
        if mode not in _MODES:
            raise ValueError(f"mode is {mode!r}, not one of {', '.join(map(repr, _MODES))}")
        check(_c.twinmap_open(os.fsencode(name), _MODES[mode], *names, byref(_options(**options)), byref(self._handle)))
        self._finalizer = weakref.finalize(self, _close, self._handle)
        if None in names:
            about = self.info()
            key_type = key_type if key is not None else type_of(about["key_type"])
            value_type = value_type if value is not None else type_of(about["value_type"])
        self._key, self._value = key_type, value_type
        self._lookup = _lookup_of(self._handle, key_type, value_type)

    def close(self):
        """Detaches; every other member then raises NotAttached. Needs the Map for itself, scans included."""
        self._finalizer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        name, mode, key, value, options = self._arguments
        return _attach, (name, "r" if mode == "r" else "w", key, value, options)

    def __repr__(self):
        return f"<twinmap.Map {self._arguments[0]!r} of {self._key.name} and {self._value.name}>"

    # Lookups: no lock, no system call.

    def load(self, key, default=None):
        """The key's value; `default` if it is absent."""
        return self._lookup(key, default)

    get = load

    def __getitem__(self, key):
        value = self._lookup(key, _MISSING)
        if value is _MISSING:
            raise KeyError(key)
        return value

    def __contains__(self, key):
        data = self._key.encode(key)
        return _found(_twinmap.fast_contains(self._handle, data, c_size_t(len(data))))

    def load_many(self, keys, default=None):
        """A list of the keys' values, with `default` for the absent; the library fetches the next ones meanwhile."""
        keys = list(keys)
        encoded = [self._key.encode(key) for key in keys]
        room = ctypes.sizeof(self._value.number) if self._value.number is not None else 256
        memory = (ctypes.c_char * (room * len(keys)))()
        start = ctypes.addressof(memory)
        lookups = (_twinmap.Lookup * len(keys))(
            *((data, len(data), start + room * i, room, 0) for i, data in enumerate(encoded)))
        status = _c.twinmap_load_many(self._handle, lookups, len(keys), None)
        if status != _twinmap.TOO_SMALL:
            check(status)
        values = []
        for i, one in enumerate(lookups):
            if one.status == _twinmap.OK:
                values.append(self._value.decode(memory[room * i:room * i + one.n]))
            elif one.status == _twinmap.NOT_FOUND:
                values.append(default)
            else:
                values.append(self._lookup(keys[i], default))
        return values

    def __len__(self):
        size = c_uint64()
        check(_c.twinmap_size(self._handle, byref(size)))
        return size.value

    # Walking: no key twice, and one that is there throughout exactly once. Nobody is held up.

    def _scan(self, with_values):
        scan = c_void_p()
        check(_c.twinmap_scan_begin(self._handle, byref(scan)))
        key, value = ((ctypes.c_char * _FRAME_BYTES)() for _ in range(2))
        try:
            while self._handle:
                key_n, n = c_size_t(len(key)), c_size_t(len(value))
                status = _c.twinmap_scan_next(scan, key, byref(key_n), *((value, byref(n)) if with_values else (None, None)))
                if status == _twinmap.NOT_FOUND:
                    return
                if status == _twinmap.TOO_SMALL:
                    key = (ctypes.c_char * max(key_n.value, len(key)))()
                    value = (ctypes.c_char * max(n.value, len(value)))()
                    continue
                check(status)
                yield key[:key_n.value], value[:n.value]
            raise _twinmap.NotAttached("twinmap: not_attached: the Map was closed during a walk")
        finally:
            _c.twinmap_scan_end(scan)

    def __iter__(self):
        decode = self._key.decode
        return (decode(key) for key, _ in self._scan(False))

    def items(self):
        """The keys and values; iteration is one walk, which looks no key up again."""
        return _Items(self)

    def values(self):
        """The values; likewise."""
        return _Values(self)

    # Changes. Each is atomic across threads and processes.

    def store(self, key, value):
        """Sets the key's value, whether or not it is present."""
        key, value = self._key.encode(key), self._value.encode(value)
        check(_c.twinmap_store(self._handle, key, len(key), value, len(value)))

    __setitem__ = store

    def erase(self, key):
        """Makes the key absent. False if it was."""
        data = self._key.encode(key)
        return _found(_c.twinmap_erase(self._handle, data, len(data)))

    def __delitem__(self, key):
        if not self.erase(key):
            raise KeyError(key)

    def load_and_erase(self, key, default=None):
        """Makes the key absent, and returns exactly the value it had; `default` if it was absent."""
        data = self._key.encode(key)
        value = _grown(256, lambda to, n: _c.twinmap_load_and_erase(self._handle, data, len(data), to, n))
        return default if value is None else self._value.decode(value)

    def pop(self, key, default=_MISSING):
        """The same, and KeyError without a default."""
        value = self.load_and_erase(key, default)
        if value is _MISSING:
            raise KeyError(key)
        return value

    def popitem(self):
        """Takes some key and its value out; KeyError if there is none."""
        for key in self:
            value = self.load_and_erase(key, _MISSING)
            if value is not _MISSING:
                return key, value
        raise KeyError("popitem(): the map is empty")

    def load_or_store(self, key, value):
        """(the key's value, True) if it is present; else sets it, and returns (value, False)."""
        key, data, loaded = self._key.encode(key), self._value.encode(value), c_int()
        standing = _grown(max(256, len(data)), lambda to, n: _c.twinmap_load_or_store(
            self._handle, key, len(key), data, len(data), to, n, byref(loaded)))
        return self._value.decode(standing), bool(loaded)

    def setdefault(self, key, default=None):
        """The key's value, which becomes `default` if it is absent."""
        return self.load_or_store(key, default)[0]

    def exchange(self, key, value, default=None):
        """Sets the key's value, and returns exactly the one it replaced; `default` if the key was absent."""
        key, data, replaced = self._key.encode(key), self._value.encode(value), c_int()
        previous = _grown(256, lambda to, n: _c.twinmap_exchange(
            self._handle, key, len(key), data, len(data), to, n, byref(replaced)))
        return self._value.decode(previous) if replaced else default

    def compare_exchange(self, key, expected, desired):
        """Sets the key's value to `desired` if it is `expected`, byte for byte. False, and nothing done, if not."""
        key, old, new, done = self._key.encode(key), self._value.encode(expected), self._value.encode(desired), c_int()
        check(_c.twinmap_compare_exchange(self._handle, key, len(key), old, len(old), new, len(new), byref(done)))
        return bool(done)

    def compare_erase(self, key, expected):
        """Makes the key absent if its value is `expected`, byte for byte. False, and nothing done, if not."""
        key, old, done = self._key.encode(key), self._value.encode(expected), c_int()
        check(_c.twinmap_compare_erase(self._handle, key, len(key), old, len(old), byref(done)))
        return bool(done)

    def fetch_add(self, key, delta=1):
        """Adds to an i64 or u64, wrapping around, and returns the value before; an absent key counts as 0."""
        data, before = self._key.encode(key), c_int64()
        check(_c.twinmap_add_i64(self._handle, data, len(data), c_int64(delta), byref(before)))
        return before.value if self._value.name == "i64" else before.value % 2**64

    def clear(self):
        """Erases each key that is there when the call begins."""
        check(_c.twinmap_clear(self._handle))

    def promote(self):
        """Makes the second map the first now. False if there was nothing to promote."""
        done = c_int()
        check(_c.twinmap_promote(self._handle, byref(done)))
        return bool(done)

    # About the map.

    def _flag(self, question):
        answer = c_int()
        check(question(self._handle, byref(answer)))
        return bool(answer)

    name = property(lambda self: self._arguments[0], doc="As it was given to Map().")
    created = property(lambda self: self._flag(_c.twinmap_created), doc="Whether this very Map made it.")
    read_only = property(lambda self: self._flag(_c.twinmap_read_only), doc="Whether the mode is \"r\".")
    retired = property(lambda self: self._flag(_c.twinmap_retired), doc="Whether somebody removed the name.")

    def _filled(self, structure, function, *more):
        structure.struct_size = ctypes.sizeof(structure)
        check(function(self._handle, *more, byref(structure)))
        return structure

    def stats(self, by_state=True):
        """Counters and state as a dict, named as in stats.hpp; by_state=False leaves out what takes a walk."""
        fields = _fields(self._filled(_twinmap.Stats(), _c.twinmap_stats, by_state))
        return fields | {name: bool(fields[name]) for name in ("amended", "cared_for")}

    def info(self):
        """What the map is as a dict, named as in stats.hpp."""
        return _info(self._filled(_twinmap.Info(), _c.twinmap_info))

    def options(self):
        """The options in force as a dict, named and measured as Map() takes them."""
        fields = _fields(self._filled(_twinmap.Options(), _c.twinmap_options_of))
        fields["permissions"] = fields.pop("mode")
        fields["lock_timeout"] = fields.pop("lock_timeout_ns") / 1e9
        fields["on_retired"] = ("fail", "keep")[fields["on_retired"]]
        fields["huge_pages"] = bool(fields["huge_pages"])
        return fields | {name: None for name in ("group", "trusted_owner") if fields[name] == -1}


class _Items(collections.abc.ItemsView):
    def __iter__(self):
        map_ = self._mapping
        return ((map_._key.decode(key), map_._value.decode(value)) for key, value in map_._scan(True))


class _Values(collections.abc.ValuesView):
    def __iter__(self):
        return (value for _, value in self._mapping.items())

    def __contains__(self, value):
        return any(value == one for one in self)


def _close(handle):
    attached, handle.value = handle.value, None
    check(_c.twinmap_close(attached))


def _attach(name, mode, key, value, options):
    return Map(name, mode, key=key, value=value, **options)


# ---- maps by name ----

def _found(status):
    if status not in (_twinmap.OK, _twinmap.NOT_FOUND):
        raise _twinmap.failure_of(status)
    return status == _twinmap.OK


def remove(name, directory=None):
    """Removes a map's name and files. False if there was no such map. Who is attached goes on reading."""
    return _found(_c.twinmap_remove(os.fsencode(name), byref(_options(directory=directory))))


def exists(name, directory=None):
    """Whether there is a file for a map of that name."""
    return _found(_c.twinmap_exists(os.fsencode(name), byref(_options(directory=directory))))


def list_maps(directory=None, trusted_owner=None):
    """The maps of a directory, by name, each a dict as Map.info() gives; `error` says why one could not be read."""
    maps = []

    @_twinmap.Visitor
    def visit(info, _):
        maps.append(_info(info.contents))
        return 1
    check(_c.twinmap_list(byref(_options(directory=directory, trusted_owner=trusted_owner)), visit, None))
    return maps


def version():
    """The library's version."""
    return _c.twinmap_version().decode()
