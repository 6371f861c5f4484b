#pragma once

// The segment, byte by byte; lib/FORMAT.md says the same in prose. Everything in this file is
// stored in shared memory. A change to anything here is a change of the format: raise
// `format_version`, and mend FORMAT.md and its golden test.

#include <twinmap/platform/atomic.hpp>
#include <twinmap/platform/lease.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace twinmap::storage {

inline constexpr std::array<char, 8> segment_magic{'t', 'w', 'i', 'n', 'm', 'a', 'p', '\n'};
inline constexpr std::uint32_t format_version = 3;
inline constexpr std::uint32_t byte_order_mark = 0x01020304;
inline constexpr std::size_t cache_line = 64;
inline constexpr std::size_t type_name_capacity = 120;
inline constexpr std::size_t max_key_bytes = 65535;
inline constexpr std::uint32_t max_chunks = 1u << 20;
inline constexpr unsigned min_chunk_shift = 16;
inline constexpr std::uint32_t class_count = 64;

/// A type's written name, NUL-padded, and the size of its values in bytes (0: they vary).
struct type_descriptor {
  std::uint32_t size;
  std::uint32_t name_length;
  std::array<char, type_name_capacity> name;
};
static_assert(sizeof(type_descriptor) == 128);

/// Where one region lies: byte offset from the start of the file, and bytes reserved for it.
struct region {
  std::uint64_t offset;
  std::uint64_t length;
};

/// Written by the creator before the file has a name, never changed after.
struct header_constant {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t byte_order;
  std::uint64_t compatible_features;            ///< unknown bits: go on
  std::uint64_t read_only_compatible_features;  ///< unknown bits: attach read-only only
  std::uint64_t incompatible_features;          ///< unknown bits: refuse
  std::uint64_t layout_hash;  ///< over sizes and offsets of every struct in this file
  std::uint32_t page_size;
  std::uint32_t line_size;
  std::uint64_t file_size;
  std::uint64_t max_entries;
  std::uint32_t max_writers;
  std::uint32_t slot_shift;     ///< log2 of the bytes of an entry slot
  std::uint32_t chunk_shift;    ///< log2 of the bytes of a chunk of the heap
  std::uint32_t granule_shift;  ///< log2 of the least block; a chunk has 2^(chunk_shift -
                                ///< granule_shift) owner pairs
  std::uint32_t chunks;         ///< chunks that the heap may grow to
  std::uint32_t lease_stride;
  region leases;
  region chunk_table;
  region owners;
  region hashes;
  region slots;
  region heap;
  std::array<std::uint64_t, 2> hash_seed;
  std::uint64_t hash_mask;  ///< all ones; tests narrow it to make keys collide
  std::array<std::uint64_t, 2> uuid;
  std::uint32_t owner;
  std::uint32_t group;
  std::uint32_t mode;
  std::uint32_t huge_pages;  ///< asked for, 0 or 1
  std::uint64_t created;     ///< CLOCK_REALTIME in ns
  type_descriptor key_type;
  type_descriptor value_type;
  std::uint64_t checksum;  ///< XXH3 of all bytes before it
};
static_assert(std::is_trivially_copyable_v<header_constant> && sizeof(header_constant) <= 1024);

/// What every lookup reads: changed only by structure changes. One cache line, so that reading the
/// epoch beside the root costs nothing.
struct alignas(cache_line) header_roots {
  std::atomic<std::uint64_t>
      epoch;  ///< grows with every change of either root or in-place change of read
  std::atomic<std::uint64_t> read;             ///< root word of the read table; mutex
  std::atomic<std::uint64_t> dirty;            ///< root word of the dirty table, 0: none; mutex
  std::atomic<std::uint64_t> slots_committed;  ///< sealed (seal.hpp): slot numbers below this are
                                               ///< resident; mutex; grows only
  std::atomic<std::uint64_t> heap_committed;  ///< sealed: chunks of the heap that are resident, and
                                              ///< their records; CAS; grows only
  std::atomic<std::uint32_t> retired;         ///< not 0 once the name was removed
  std::atomic<std::uint32_t> sweep_wanted;    ///< deaths noticed since the last sweep
};
static_assert(sizeof(header_roots) == cache_line);

/// What the holder of the mutex changes, and the intent that a fix-up settles.
/// Invariant: whenever the mutex is free, intent_slot, building and retiring are 0.
struct alignas(cache_line) header_locked {
  std::atomic<std::uint32_t> mutex;  ///< platform::robust_mutex
  std::atomic<std::uint32_t>
      intent_slot;  ///< slot in flux: not yet live, not yet expunged or not yet in the free list
  std::atomic<std::uint32_t> building;  ///< first chunk + 1 of a table that is no root yet
  std::atomic<std::uint32_t> retiring;  ///< first chunk + 1 of a table that is no root any more
  std::atomic<std::uint64_t> births;    ///< birth number of the next insert; starts at 1
  std::atomic<std::uint64_t>
      read_births;  ///< slots born before this are indexed in read, later ones in dirty only
  std::atomic<std::uint64_t>
      next_cycle;  ///< `cycle` after the promotion under way: finishing twice changes nothing
  std::atomic<std::uint64_t>
      cycle;  ///< grows with every promotion; expunged slots carry the one they left in
  std::atomic<std::uint32_t>
      slots_used;  ///< slot numbers ever handed out are below this; starts at 1
  std::atomic<std::uint32_t> free_head;    ///< first free slot, linked through payloads; 0: none
  std::atomic<std::uint32_t> reap_cursor;  ///< slot that reaping or a purge looks at next
  std::atomic<std::uint32_t>
      reap_left;  ///< slots still to be looked at for ones expunged in earlier cycles
};
static_assert(sizeof(header_locked) == cache_line);

/// Word counts of the two tables (mutex), and the miss count that lookups add to.
struct alignas(cache_line) header_counts {
  std::atomic<std::uint64_t> read_words;   ///< words of read that name a slot
  std::atomic<std::uint64_t> dirty_words;  ///< words of dirty that name a slot
  std::atomic<std::uint64_t>
      dirty_filled;  ///< words of dirty that are not empty: named slots and tombstones
  std::atomic<std::uint64_t> expunged;   ///< expunged in the current cycle
  std::atomic<std::uint64_t> miss_base;  ///< misses up to the last promotion; mutex
  std::atomic<std::uint64_t>
      amended_since;  ///< CLOCK_MONOTONIC ns of the first insert after the last promotion, 0: none
  std::atomic<std::int64_t>
      size_correction;  ///< what a sweep found the leases' size counters to be wrong by
  std::atomic<std::uint64_t> read_filled;  ///< words of read that are not empty
};

struct alignas(cache_line) header_misses {
  std::atomic<std::uint64_t> total;  ///< fetch_add in batches, by any writable handle
};

/// Hints of the block allocator: wrong ones cost time, never correctness.
struct alignas(cache_line) header_allocation {
  std::array<std::atomic<std::uint32_t>, class_count>
      class_hint;                          ///< chunk to look into first, by size class
  std::atomic<std::uint32_t> run_cursor;   ///< where the next search for free chunks begins
  std::atomic<std::uint32_t> run_frees;    ///< counts freed chunks: their age
  std::atomic<std::uint32_t> free_chunks;  ///< about how many resident chunks are free
  std::atomic<std::uint32_t> tight;        ///< 1: memory ran out; nobody hoards blocks
  std::atomic<std::uint32_t> given_back;   ///< about how many chunks are free and not resident
};

/// What the caretaker and everybody else tell each other. Nothing here is needed for correctness
/// (P9): wrong values make a promotion late, or two of them where one would have done.
struct alignas(cache_line) header_care {
  std::atomic<std::uint64_t>
      caretaker;  ///< lease of who cares: bits 0-11 slot, 12-61 incarnation; 0: nobody. CAS
  std::atomic<std::uint64_t> late;  ///< a caretaker that was found late: not waited for again until
                                    ///< it has cleared this
  std::atomic<std::uint64_t> seen_at;     ///< CLOCK_MONOTONIC ns when the caretaker last said so
  std::atomic<std::uint64_t> due_since;   ///< when a promotion was first left to it; 0: none is due
  std::atomic<std::uint64_t> held_since;  ///< when the mutex was last taken; coarse; mutex
  std::atomic<std::uint32_t> bell;        ///< futex: grows when the map wants its caretaker to look
};
static_assert(sizeof(header_care) == cache_line);

/// A copy of dirty in the making (standby.hpp), which a promotion makes the next dirty.
/// Invariant: `table` names chunks of kind table while `state` is not none.
struct alignas(cache_line) header_standby {
  std::atomic<std::uint64_t> table;   ///< root word of the copy; mutex
  std::atomic<std::uint64_t> source;  ///< root word of the dirty table that is copied; mutex
  std::atomic<std::uint64_t> copier;  ///< lease of who copies, as in header_care; mutex
  std::atomic<std::uint32_t> state;   ///< standby_state; CAS where both sides may change it
  std::atomic<std::uint32_t> marked;  ///< marks set since they were last looked through; mutex
};
static_assert(sizeof(header_standby) == cache_line);

/// Counters, in the order of `map_stats`. In each lease only its holder writes; the header's are
/// added to by all.
enum class counter : std::uint32_t {
  hits_read,
  hits_dirty,
  misses,
  retries,
  stores,
  inserts,
  erases,
  promotions,
  dirty_builds,
  dirty_growths,
  compactions,
  expunged,
  unexpunged,
  revived,
  purged,
  take_overs,
  fix_ups,
  sweeps,
  swept_blocks,
  swept_slots,
  lock_waits,
  promotions_by_caretaker,
  count
};
inline constexpr std::size_t counter_count = static_cast<std::size_t>(counter::count);
using counter_array = std::array<std::atomic<std::uint64_t>, counter_count>;

/// One lease: who holds it, its stamps, and its counters, which outlive the holder.
struct alignas(cache_line) lease_page {
  platform::lease_record who;
  alignas(cache_line)
      std::atomic<std::uint64_t> stamps;   ///< stamps drawn so far by all holders of this slot
  std::atomic<std::int64_t> size_delta;    ///< keys made live less keys made absent, by all holders
  std::atomic<std::uint64_t> transitions;  ///< odd while a holder is between its CAS and size_delta
  counter_array counts;
};
inline constexpr std::uint32_t lease_stride = 512;
static_assert(sizeof(lease_page) <= lease_stride);

/// One chunk of the heap. `entry` is encoded in chunk_table.hpp.
struct chunk_record {
  std::atomic<std::uint64_t> entry;
  std::atomic<std::uint16_t> free_hint;  ///< about how many blocks of it are free
  std::atomic<std::uint16_t> pairs;  ///< owner pairs of it that are resident, and given_back_bit;
                                     ///< only who has claimed the chunk
  std::atomic<std::uint32_t>
      pairs_check;  ///< of `pairs` (seal.hpp); between the two stores they do not agree
};
static_assert(sizeof(chunk_record) == 16);
/// In `pairs`: the chunk's own memory may have gone back to the system. Set before it goes, cleared
/// after it has come again, so that a death in between leaves no chunk that seems resident.
inline constexpr std::uint32_t given_back_bit = 1u << 15;

/// The first pages of the file.
struct segment_header {
  header_constant constant;
  alignas(1024) header_roots roots;
  header_locked locked;
  header_counts counts;
  header_misses misses;
  header_allocation allocation;
  header_care care;
  header_standby standby;
  alignas(cache_line) counter_array totals;
};
inline constexpr std::size_t header_bytes = 8192;
static_assert(sizeof(segment_header) <= header_bytes && std::is_standard_layout_v<segment_header>);
static_assert(offsetof(segment_header, roots) == 1024 && offsetof(segment_header, locked) == 1088);

}  // namespace twinmap::storage
