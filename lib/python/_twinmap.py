"""libtwinmap as ctypes sees it: the errors, structures and functions of twinmap.h. Use the module twinmap."""

import ctypes
import os
import sysconfig
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path


# ---- errors ----

class Error(OSError):
    """What the library refused; str() names the map, the limit and the number that met it. `errno` is the system's, if
    the failure was one of the system's."""


class NotFound(Error, FileNotFoundError): """No map of that name."""
class AlreadyExists(Error, FileExistsError): """Mode "x", and the name is taken."""
class TypeMismatch(Error, TypeError): """The map was made for another type, or one of another size."""
class IncompatibleLayout(Error): """Another format version, or a feature not known here."""
class Corrupted(Error): """What the file holds contradicts itself."""
class PermissionDenied(Error, PermissionError): """File mode, owner or kind of file forbid it."""
class NoSpace(Error): """`max_bytes` reached or the file system is full."""
class TooManyEntries(Error): """`max_entries` slots are in use, also after a purge."""
class TooManyWriters(Error): """`max_writers` leases are held by living threads."""
class LockTimeout(Error, TimeoutError): """The mutex was not free within `lock_timeout`."""
class ReadOnly(Error, PermissionError): """A change through mode "r"."""
class InvalidName(Error, ValueError): """Not 1 to 200 of [A-Za-z0-9._-]."""
class KeyTooLong(Error, ValueError): """Over 65,535 bytes."""
class ValueTooLong(Error, ValueError): """Over what this map's heap can hold."""
class Retired(Error): """The name was removed, and `on_retired` is "fail"."""
class NotAttached(Error, ValueError): """The Map was closed."""
class UnsupportedPlatform(Error): """The machine lacks something that is relied upon."""
class InvalidArgument(Error, ValueError): """An unknown option or type."""


OK, NOT_FOUND, TOO_SMALL, NO_MEMORY = 0, 1, 100, 102
ERRORS = dict(enumerate((
    NotFound, AlreadyExists, TypeMismatch, IncompatibleLayout, Corrupted, PermissionDenied, NoSpace, TooManyEntries,
    TooManyWriters, LockTimeout, ReadOnly, InvalidName, KeyTooLong, ValueTooLong, Retired, NotAttached,
    UnsupportedPlatform), start=1)) | {101: InvalidArgument}


def failure_of(status):
    text = library.twinmap_last_error().decode(errors="replace")
    if status == NO_MEMORY:
        return MemoryError(text)
    failure = ERRORS.get(status, Error)(text)
    failure.errno = library.twinmap_last_errno() or None
    return failure


def check(status):
    if status != OK:
        raise failure_of(status)


# ---- the library ----

class Options(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("max_bytes", c_uint64), ("max_entries", c_uint64),
                ("slot_bytes", c_uint32), ("max_writers", c_uint32), ("mode", c_uint32), ("huge_pages", c_int32),
                ("group", c_int64), ("directory", c_char_p), ("lock_timeout_ns", c_int64), ("trusted_owner", c_int64),
                ("on_retired", c_int32), ("reserved", c_int32)]


class Stats(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t)] + [(name, c_uint64) for name in (
        "hits_read hits_dirty misses retries stores inserts erases promotions dirty_builds dirty_growths compactions "
        "expunged unexpunged revived purged take_overs fix_ups sweeps swept_blocks swept_slots lock_waits "
        "promotions_by_caretaker entries "
        "entries_live entries_nil entries_expunged entries_free read_words dirty_words dirty_only read_places "
        "dirty_places generation amended cared_for epoch bytes_used "
        "bytes_committed bytes_max writers slots_used max_entries").split()]


class Info(ctypes.Structure):
    _fields_ = ([("struct_size", c_size_t)] +
                [(name, c_char_p) for name in "name directory key_type value_type uuid error".split()] +
                [(name, c_uint64) for name in ("entries bytes_used bytes_committed bytes_max bytes_huge max_entries "
                                               "writers created_at").split()] +
                [(name, c_uint32) for name in "slot_bytes max_writers mode owner group".split()] +
                [("huge_pages", c_int32), ("retired", c_int32), ("format", c_uint32)])


class Lookup(ctypes.Structure):
    _fields_ = [("key", c_char_p), ("key_size", c_size_t), ("buf", c_void_p), ("n", c_size_t), ("status", c_int)]


Visitor = ctypes.CFUNCTYPE(c_int, POINTER(Info), c_void_p)


def _library_path():
    """$TWINMAP_LIBRARY; else the library of the prefix in which this file is installed; else what the loader finds."""
    if chosen := os.environ.get("TWINMAP_LIBRARY"):
        return chosen
    lib = Path(__file__).resolve().parents[2]  # of PREFIX/lib/python3/dist-packages/twinmap.py
    for place in (lib / (sysconfig.get_config_var("MULTIARCH") or "."), lib, lib.parent / "lib64"):
        if (place / "libtwinmap.so.0").is_file():
            return str(place / "libtwinmap.so.0")
    return "libtwinmap.so.0"


def _declare(library):
    """Arguments and results of every function of twinmap.h, so that a wrong call is an exception and no crash."""
    key, value = [c_void_p, c_char_p, c_size_t], [c_char_p, c_size_t]
    out, length, flag = c_void_p, POINTER(c_size_t), POINTER(c_int)
    for name, *arguments in (
            ("open", c_char_p, c_int, c_char_p, c_char_p, POINTER(Options), POINTER(c_void_p)),
            ("close", c_void_p), ("clear", c_void_p), ("promote", c_void_p, flag),
            ("remove", c_char_p, POINTER(Options)), ("exists", c_char_p, POINTER(Options)),
            ("list", POINTER(Options), Visitor, c_void_p),
            ("load", *key, out, length), ("contains", *key), ("store", *key, *value), ("erase", *key),
            ("load_or_store", *key, *value, out, length, flag), ("exchange", *key, *value, out, length, flag),
            ("load_and_erase", *key, out, length), ("compare_exchange", *key, *value, *value, flag),
            ("compare_erase", *key, *value, flag), ("add_i64", *key, c_int64, POINTER(c_int64)),
            ("load_many", c_void_p, POINTER(Lookup), c_size_t, length), ("size", c_void_p, POINTER(c_uint64)),
            ("scan_begin", c_void_p, POINTER(c_void_p)), ("scan_next", c_void_p, out, length, out, length),
            ("scan_end", c_void_p), ("stats", c_void_p, c_int, POINTER(Stats)), ("info", c_void_p, POINTER(Info)),
            ("options_of", c_void_p, POINTER(Options)), ("created", c_void_p, flag), ("read_only", c_void_p, flag),
            ("retired", c_void_p, flag)):
        getattr(library, "twinmap_" + name).argtypes = arguments
    for name in ("last_error", "version"):
        getattr(library, "twinmap_" + name).restype = c_char_p
    library.twinmap_options_init.argtypes = [POINTER(Options)]
    library.twinmap_options_init.restype = None
    return library


_path = _library_path()
library = _declare(ctypes.CDLL(_path))

# The two lookups that a program does most, without declared arguments: to convert them takes longer than the lookup. All
# callers are in twinmap.py. PyDLL keeps the GIL. A lookup never waits (P1), so there is nothing to give it away for: that
# takes longer than the lookup too, and to get it back behind another thread up to sys.getswitchinterval().
_holding_gil = ctypes.PyDLL(_path)
fast_load = _holding_gil.twinmap_load
fast_contains = _holding_gil.twinmap_contains
