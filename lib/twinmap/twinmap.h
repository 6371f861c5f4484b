/* twinmap for C: Go's sync.Map for processes. Every process that attaches to a name sees the same
 * map, whatever language it is written in.
 *
 * LIMITATIONS. It is made for keys that are written seldom and read often, or whose set is stable.
 * Values are copied out on every lookup; nothing spans two keys. More of it, and the same
 * operations with types, in map.hpp, the C++ interface.
 *
 * RESULTS. Functions return a twinmap_status. TWINMAP_OK is 0. An absent key is TWINMAP_NOT_FOUND;
 * a condition that did not hold is TWINMAP_OK with 0 in the out flag. No C++ exception leaves a
 * function.
 *
 * KEYS AND VALUES are a pointer and a length in bytes; with length 0 the pointer may be NULL. They
 * are the bytes that the map's types have (README.md, codec.hpp): a u64 is 8 bytes in the machine's
 * own order, a string has no terminating zero. Where a type has a fixed size, other sizes are
 * refused with TWINMAP_TYPE_MISMATCH, and the text names both.
 *
 * BUFFERS. A value goes to `buf`, and `*n` says how many bytes fit there; on return `*n` is the
 * value's length. If it does not fit, nothing has changed in the map, `*n` is the length needed,
 * and the status is TWINMAP_BUFFER_TOO_SMALL; that may repeat if the value grew meanwhile. `buf`
 * may be NULL if `*n` is 0. With any other status than TWINMAP_OK and TWINMAP_BUFFER_TOO_SMALL `*n`
 * is as it was. Mutators write to `buf` at their end, and only then: it may be the memory of their
 * arguments.
 *
 * FAILURE. A failed operation has changed nothing. Every function that takes a map may return
 * TWINMAP_NOT_ATTACHED (the map is NULL), TWINMAP_INVALID_ARGUMENT (a pointer that is needed is
 * NULL), TWINMAP_CORRUPTED, TWINMAP_NO_MEMORY and TWINMAP_SYSTEM_ERROR; mutators also
 * TWINMAP_READ_ONLY, TWINMAP_RETIRED and TWINMAP_TOO_MANY_WRITERS (a thread's first write takes a
 * lease). "Failure:" names what comes in addition. What went wrong, in words, with the map, the
 * limit and the number that met it: twinmap_last_error().
 *
 * THREADS. All functions on one map may be called by many threads at once, and by a child after
 * fork, except twinmap_close, which needs the map for itself. A scan belongs to one thread at a
 * time. In a signal handler none may be called. Every operation on one key is linearizable across
 * processes (P8).
 *
 * PROGRESS. "Lock-free for present keys": nobody's death or suspension delays the operation on a
 * key that has an entry; a new key takes the mutex, which a stopped process may hold for as long as
 * `lock_timeout_ns`. "Needs memory": values of over 8 bytes take a block first and may fail with
 * TWINMAP_NO_SPACE.
 *
 * VERSIONS. Structures begin with `struct_size`, the size that the program was compiled with: a
 * newer library reads and writes no more than that, and an older one leaves alone what it does not
 * know, or refuses it if it is an option that was set. */
#ifndef TWINMAP_TWINMAP_H
#define TWINMAP_TWINMAP_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TWINMAP_API __attribute__((visibility("default")))
#else
#define TWINMAP_API
#endif

/* NOLINTBEGIN(modernize-use-using) */
#ifdef __cplusplus
extern "C" {
#endif

/* One attachment of this process to a map. */
typedef struct twinmap_map twinmap_map;

/* A walk over a map's keys. */
typedef struct twinmap_scan twinmap_scan;

typedef enum twinmap_status {
  TWINMAP_OK = 0,
  /* As twinmap::errc. */
  TWINMAP_NOT_FOUND = 1,             /* no such key, or no map of that name */
  TWINMAP_ALREADY_EXISTS = 2,        /* TWINMAP_CREATE_ONLY, and the name is taken */
  TWINMAP_TYPE_MISMATCH = 3,         /* the map was made for another type, or one of another size */
  TWINMAP_INCOMPATIBLE_LAYOUT = 4,   /* another format version, or a feature not known here */
  TWINMAP_CORRUPTED = 5,             /* what the file holds contradicts itself */
  TWINMAP_PERMISSION_DENIED = 6,     /* file mode, owner or kind of file forbid it */
  TWINMAP_NO_SPACE = 7,              /* `max_bytes` reached or the file system is full */
  TWINMAP_TOO_MANY_ENTRIES = 8,      /* `max_entries` slots are in use, also after a purge */
  TWINMAP_TOO_MANY_WRITERS = 9,      /* `max_writers` leases are held by living threads */
  TWINMAP_LOCK_TIMEOUT = 10,         /* the mutex was not free within `lock_timeout_ns` */
  TWINMAP_READ_ONLY = 11,            /* a mutator on a map opened with TWINMAP_OPEN_READ_ONLY */
  TWINMAP_INVALID_NAME = 12,         /* not 1 to 200 of [A-Za-z0-9._-], or ".", "..", "….lock" */
  TWINMAP_KEY_TOO_LONG = 13,         /* over 65,535 bytes */
  TWINMAP_VALUE_TOO_LONG = 14,       /* over what this map's heap can hold */
  TWINMAP_RETIRED = 15,              /* the name was removed, and `on_retired` is to fail */
  TWINMAP_NOT_ATTACHED = 16,         /* the map is NULL */
  TWINMAP_UNSUPPORTED_PLATFORM = 17, /* the machine lacks something that is relied upon */
  /* Of this interface alone. */
  TWINMAP_BUFFER_TOO_SMALL = 100, /* nothing has changed; the length needed has been set */
  TWINMAP_INVALID_ARGUMENT =
      101,                   /* NULL where it may not be, an unknown mode, option or type name */
  TWINMAP_NO_MEMORY = 102,   /* this process has no memory left for what it needs of its own */
  TWINMAP_SYSTEM_ERROR = 103 /* the system refused something; see twinmap_last_errno() */
} twinmap_status;

/* How to attach, in Boost.Interprocess's words. */
typedef enum twinmap_mode {
  TWINMAP_CREATE_ONLY = 0,    /* make the map; TWINMAP_ALREADY_EXISTS if the name is taken */
  TWINMAP_OPEN_OR_CREATE = 1, /* attach to the map, making it if there is none */
  TWINMAP_OPEN_ONLY = 2,      /* attach; TWINMAP_NOT_FOUND if there is none */
  TWINMAP_OPEN_READ_ONLY = 3  /* the same through a PROT_READ mapping (P2) */
} twinmap_mode;

/* What a map's mutators do once its name was removed: fail with TWINMAP_RETIRED, or go on writing
 * to a map that nobody can open any more. */
typedef enum twinmap_on_retired { TWINMAP_FAIL = 0, TWINMAP_KEEP = 1 } twinmap_on_retired;

/* How to make a map, and how this attachment behaves. Fill it with twinmap_options_init, then
 * change what you want to. */
typedef struct twinmap_options {
  size_t struct_size;
  /* These count only for the process that creates the map. */
  uint64_t max_bytes;   /* upper bound of the segment; memory is taken as it is used. 1 GiB */
  uint64_t max_entries; /* upper bound of entry slots. 0: derived from max_bytes */
  uint32_t slot_bytes;  /* bytes of an entry slot, a power of two from 32. 0: by the key type */
  uint32_t max_writers; /* writing threads attached at once, all processes together. 256 */
  uint32_t mode;        /* permission bits, exact whatever the umask. 0600 */
  int32_t huge_pages;   /* ask for huge pages. 0 */
  int64_t group;        /* group id of the files. -1: what the system gives a new file */
  /* These count for this attachment. */
  const char* directory;   /* where the files are. NULL: $TWINMAP_DIR, else /dev/shm */
  int64_t lock_timeout_ns; /* how long one operation may wait for the mutex, in ns. 10 s */
  int64_t trusted_owner;   /* a further user id whose files are accepted. -1: none */
  int32_t on_retired;      /* a twinmap_on_retired. TWINMAP_FAIL */
  int32_t reserved;        /* 0 */
} twinmap_options;

/* Counters since the map was made, all processes together, and its present state; what each means
 * is in stats.hpp. */
typedef struct twinmap_map_stats {
  size_t struct_size;
  uint64_t hits_read, hits_dirty, misses, retries;
  uint64_t stores, inserts, erases;
  uint64_t promotions, dirty_builds, dirty_growths, compactions;
  uint64_t expunged, unexpunged, revived, purged;
  uint64_t take_overs, fix_ups, sweeps, swept_blocks, swept_slots;
  uint64_t lock_waits;
  uint64_t promotions_by_caretaker;
  uint64_t entries;
  uint64_t entries_live, entries_nil, entries_expunged, entries_free; /* 0 unless asked for */
  uint64_t read_words, dirty_words, dirty_only;
  uint64_t read_places, dirty_places;
  uint64_t generation;
  uint64_t amended, cared_for; /* 0 or 1 */
  uint64_t epoch;
  uint64_t bytes_used, bytes_committed, bytes_max;
  uint64_t writers;
  uint64_t slots_used, max_entries;
} twinmap_map_stats;

/* What a map is; what each means is in stats.hpp. */
typedef struct twinmap_map_info {
  size_t struct_size;
  const char* name;
  const char* directory;
  const char* key_type;
  const char* value_type;
  const char* uuid;
  const char* error; /* in twinmap_list: why this map could not be read; else "" */
  uint64_t entries;
  uint64_t bytes_used, bytes_committed, bytes_max, bytes_huge;
  uint64_t max_entries;
  uint64_t writers;
  uint64_t created_at; /* ns since 1970, UTC */
  uint32_t slot_bytes;
  uint32_t max_writers;
  uint32_t mode, owner, group;
  int32_t huge_pages; /* 0 or 1: asked for at creation */
  int32_t retired;    /* 0 or 1: the name was removed */
  uint32_t format;
} twinmap_map_info;

/* One key of twinmap_load_many. */
typedef struct twinmap_lookup {
  const void* key;
  size_t key_size;
  void* buf;
  size_t n;              /* in: bytes that fit into buf; out: as with twinmap_load */
  twinmap_status status; /* out: as twinmap_load would have returned it */
} twinmap_lookup;

/* ---- errors and versions ---- */

/* The calling thread's last failure in words: "twinmap 'NAME': CODE: DETAIL", cut at 1,023 bytes.
 * "" if it had none. An absent key is no failure and leaves it alone. Valid until the thread's next
 * failure.
 * Progress: lock-free. */
TWINMAP_API const char* twinmap_last_error(void);

/* The system's error number that came with the calling thread's last failure, 0 if none did.
 * Progress: lock-free. */
TWINMAP_API int twinmap_last_errno(void);

/* What a status means, in a few words of static storage; also for numbers that are none.
 * Progress: lock-free. */
TWINMAP_API const char* twinmap_strerror(twinmap_status status);

/* The library's version, "MAJOR.MINOR.PATCH".
 * Progress: lock-free. */
TWINMAP_API const char* twinmap_version(void);

/* ---- coming and going ---- */

/* Sets every option to its default. No effect on NULL.
 * Progress: lock-free. */
TWINMAP_API void twinmap_options_init(twinmap_options* options);

/* Attaches to the map `name`, or makes it, and sets `*out`; NULL there if it fails. A type is a
 * written name: u8 … u64, i8 … i64, f32, f64, bool, string, bytes, struct:NAME:SIZE, or that of a
 * C++ codec. NULL accepts any; what is then made is of bytes. Floating-point keys are refused. NULL
 * options are the defaults. Two attachments to one map cost two. Failure: TWINMAP_INVALID_NAME,
 * TWINMAP_ALREADY_EXISTS, TWINMAP_NOT_FOUND, TWINMAP_TYPE_MISMATCH (the text names both types),
 * TWINMAP_INCOMPATIBLE_LAYOUT, TWINMAP_PERMISSION_DENIED, TWINMAP_NO_SPACE,
 * TWINMAP_UNSUPPORTED_PLATFORM.
 * Progress: system calls; waits for nobody (P4). */
TWINMAP_API twinmap_status twinmap_open(const char* name, twinmap_mode mode, const char* key_type,
                                        const char* value_type, const twinmap_options* options,
                                        twinmap_map** out);

/* Detaches. The map, its name and everybody else's attachments stay. No effect on NULL. End this
 * map's scans before. Progress: lock-free; unmaps the segment. */
TWINMAP_API twinmap_status twinmap_close(twinmap_map* map);

/* Removes a map's name and files; TWINMAP_NOT_FOUND if there is no such map. The name is free at
 * once; who is attached goes on reading. Of the options only `directory` counts; NULL: the default.
 * Failure: TWINMAP_INVALID_NAME, TWINMAP_PERMISSION_DENIED.
 * Progress: system calls; waits for nobody. */
TWINMAP_API twinmap_status twinmap_remove(const char* name, const twinmap_options* options);

/* TWINMAP_OK if there is a file for a map of that name, else TWINMAP_NOT_FOUND. Of the options only
 * `directory` counts.
 * Failure: TWINMAP_INVALID_NAME.
 * Progress: system calls; waits for nobody. */
TWINMAP_API twinmap_status twinmap_exists(const char* name, const twinmap_options* options);

/* Calls visit(info, context) for the maps of a directory, by name, until it returns 0. One that
 * could not be read has its reason in `error`. `info` and what it points to are valid during the
 * call. Of the options `directory` and `trusted_owner` count. Failure: TWINMAP_NOT_FOUND if there
 * is no such directory, TWINMAP_PERMISSION_DENIED. Progress: attaches read-only to one map after
 * another; waits for nobody. */
TWINMAP_API twinmap_status twinmap_list(const twinmap_options* options,
                                        int (*visit)(const twinmap_map_info* info, void* context),
                                        void* context);

/* ---- lookups; a hit writes nothing shared (P1), and all of it works on a PROT_READ mapping (P2)
 * ---- */

/* The key's value, straight into the buffer, which holds anything unless the status is TWINMAP_OK,
 * and may not be the memory of the key. Progress: wait-free but for retries while writers change
 * this very key; no system call (P1). */
TWINMAP_API twinmap_status twinmap_load(const twinmap_map* map, const void* k, size_t kn, void* buf,
                                        size_t* n);

/* TWINMAP_OK if the key is present, else TWINMAP_NOT_FOUND.
 * Progress: as twinmap_load. */
TWINMAP_API twinmap_status twinmap_contains(const twinmap_map* map, const void* k, size_t kn);

/* Looks `count` keys up as twinmap_load would, prefetching the next ones' cache lines meanwhile;
 * each has its own status. `*found` is how many are present, also those whose buffer was too small;
 * NULL: not wanted. Each lookup is on its own: together they are no snapshot. Failure: the first
 * status that is neither TWINMAP_OK nor TWINMAP_NOT_FOUND; the other keys are looked up all the
 * same. Progress: as twinmap_load. */
TWINMAP_API twinmap_status twinmap_load_many(const twinmap_map* map, twinmap_lookup* lookups,
                                             size_t count, size_t* found);

/* Keys present, into `*size`. Exact when nothing runs; each killed operation may put it off by one
 * until the next sweep. Progress: lock-free, O(writers). */
TWINMAP_API twinmap_status twinmap_size(const twinmap_map* map, uint64_t* size);

/* ---- walking ---- */

/* Begins a walk over the keys that are present now. No key comes twice, and one that is present
 * from begin to end comes exactly once (P8); others may or may not. It takes constant memory and
 * holds nothing up, however long it lasts; end it with twinmap_scan_end before the map is closed.
 * Progress: lock-free. */
TWINMAP_API twinmap_status twinmap_scan_begin(const twinmap_map* map, twinmap_scan** out);

/* The next key and its value as it was when the walk came by; TWINMAP_NOT_FOUND at the end. With
 * TWINMAP_BUFFER_TOO_SMALL both lengths are what this key and value need, and the next call gives
 * the same again. `buf` and `n` may both be NULL: keys only. Failure: TWINMAP_INVALID_ARGUMENT if
 * the scan is NULL. Progress: lock-free; all calls of a walk together are O(slots). */
TWINMAP_API twinmap_status twinmap_scan_next(twinmap_scan* scan, void* key_buf, size_t* key_n,
                                             void* buf, size_t* n);

/* Frees a scan at any point of its walk. No effect on NULL.
 * Progress: lock-free. */
TWINMAP_API twinmap_status twinmap_scan_end(twinmap_scan* scan);

/* ---- mutators ---- */

/* Sets the key's value, whether or not it is present.
 * Failure: TWINMAP_NO_SPACE, TWINMAP_TOO_MANY_ENTRIES, TWINMAP_KEY_TOO_LONG,
 * TWINMAP_VALUE_TOO_LONG, TWINMAP_LOCK_TIMEOUT. Progress: lock-free for present keys; a new key may
 * wait for the mutex; needs memory. */
TWINMAP_API twinmap_status twinmap_store(twinmap_map* map, const void* k, size_t kn, const void* v,
                                         size_t vn);

/* The key's value, and 1 in `*loaded`, if it is present; else sets it to `v`, gives that back, and
 * 0. With TWINMAP_BUFFER_TOO_SMALL nothing was stored. `n` may be NULL: the value is not wanted; so
 * may `loaded`. Failure and progress: as twinmap_store. */
TWINMAP_API twinmap_status twinmap_load_or_store(twinmap_map* map, const void* k, size_t kn,
                                                 const void* v, size_t vn, void* buf, size_t* n,
                                                 int* loaded);

/* Sets the key's value and gives back exactly the one it replaced: each value comes back to one
 * caller. If the key was absent `*replaced` and `*n` are 0. With TWINMAP_BUFFER_TOO_SMALL the old
 * value stands. `n` may be NULL: the old value is not wanted; so may `replaced`. Failure and
 * progress: as twinmap_store. */
TWINMAP_API twinmap_status twinmap_exchange(twinmap_map* map, const void* k, size_t kn,
                                            const void* v, size_t vn, void* buf, size_t* n,
                                            int* replaced);

/* Makes the key absent; TWINMAP_NOT_FOUND if it was. Works when the map is full, and makes room
 * (P7). Progress: lock-free; needs no memory. */
TWINMAP_API twinmap_status twinmap_erase(twinmap_map* map, const void* k, size_t kn);

/* Makes the key absent and gives back exactly the value it had; TWINMAP_NOT_FOUND if it was absent.
 * With TWINMAP_BUFFER_TOO_SMALL the key and its value stand. `n` may be NULL: the value is not
 * wanted. Progress: as twinmap_erase. */
TWINMAP_API twinmap_status twinmap_load_and_erase(twinmap_map* map, const void* k, size_t kn,
                                                  void* buf, size_t* n);

/* Sets the key's value to `desired` if it is `expected`, byte for byte, and `*exchanged` to 1. To
 * 0, and nothing done, if it is not or if the key is absent. Failure: TWINMAP_NO_SPACE,
 * TWINMAP_VALUE_TOO_LONG. Progress: lock-free; needs memory. */
TWINMAP_API twinmap_status twinmap_compare_exchange(twinmap_map* map, const void* k, size_t kn,
                                                    const void* expected, size_t en,
                                                    const void* desired, size_t dn, int* exchanged);

/* Makes the key absent if its value is `expected`, byte for byte, and sets `*erased` to 1. To 0,
 * and nothing done, if it is not or if the key is absent. Progress: lock-free; needs no memory. */
TWINMAP_API twinmap_status twinmap_compare_erase(twinmap_map* map, const void* k, size_t kn,
                                                 const void* expected, size_t en, int* erased);

/* Adds `delta`, wrapping around, and sets `*before` to the value before (NULL: not wanted). An
 * absent key counts as 0 and becomes present. For maps whose values are i64, or u64 in two's
 * complement. Failure: TWINMAP_TYPE_MISMATCH for any other map, and as twinmap_store. Progress:
 * lock-free for present keys; a new key may wait for the mutex. */
TWINMAP_API twinmap_status twinmap_add_i64(twinmap_map* map, const void* k, size_t kn,
                                           int64_t delta, int64_t* before);

/* Erases each key born before the call began; keys inserted meanwhile may stay (P8). What was
 * erased before a failure stays erased. Progress: lock-free, O(slots). */
TWINMAP_API twinmap_status twinmap_clear(twinmap_map* map);

/* Makes dirty read, whatever the number of misses, and sets `*promoted` to 1; to 0 if there was
 * nothing to promote. NULL: not wanted. The library promotes by itself; this is for somebody who
 * knows that a burst of new keys is over. Failure: TWINMAP_LOCK_TIMEOUT. Progress: may wait for the
 * mutex. */
TWINMAP_API twinmap_status twinmap_promote(twinmap_map* map, int* promoted);

/* ---- about a map ---- */

/* Counters and state into `*out`, whose `struct_size` the caller has set. With `by_state` every
 * entry slot is looked at for its state, O(slots); without it the four entries_<state> are 0.
 * Progress: lock-free. */
TWINMAP_API twinmap_status twinmap_stats(const twinmap_map* map, int by_state,
                                         twinmap_map_stats* out);

/* What the map is, into `*out`, whose `struct_size` the caller has set. Its strings are valid until
 * the map is closed. Progress: lock-free; makes system calls. */
TWINMAP_API twinmap_status twinmap_info(const twinmap_map* map, twinmap_map_info* out);

/* The options in force, into `*out`, whose `struct_size` the caller has set: the first group as the
 * map's creator said, the second as twinmap_open was told. `directory` is valid until the map is
 * closed. Progress: lock-free. */
TWINMAP_API twinmap_status twinmap_options_of(const twinmap_map* map, twinmap_options* out);

/* The name that twinmap_open was given, valid until the map is closed; NULL if the map is NULL.
 * Progress: lock-free. */
TWINMAP_API const char* twinmap_name(const twinmap_map* map);

/* Whether this very attachment made the map: 1 or 0 into `*created`.
 * Progress: lock-free. */
TWINMAP_API twinmap_status twinmap_created(const twinmap_map* map, int* created);

/* Whether it was opened with TWINMAP_OPEN_READ_ONLY: 1 or 0 into `*read_only`.
 * Progress: lock-free. */
TWINMAP_API twinmap_status twinmap_read_only(const twinmap_map* map, int* read_only);

/* Whether somebody removed the map's name: 1 or 0 into `*retired`. Lookups go on; mutators follow
 * `on_retired`.
 * Progress: lock-free. */
TWINMAP_API twinmap_status twinmap_retired(const twinmap_map* map, int* retired);

#ifdef __cplusplus
}
#endif
/* NOLINTEND(modernize-use-using) */

#endif
