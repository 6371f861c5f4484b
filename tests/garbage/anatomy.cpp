#include "anatomy.hpp"

#include <twinmap/storage/layout.hpp>
#include <twinmap/storage/seal.hpp>

#include <algorithm>
#include <cstring>

namespace garbage_tests {

using twinmap::storage::block_ref;
using twinmap::storage::chunk_record;
using twinmap::storage::entry_meta;
using twinmap::storage::entry_state;
using twinmap::storage::entry_word;
using twinmap::storage::region;
using twinmap::storage::root_word;
using twinmap::storage::segment_header;

namespace {

const segment_header& header_at(const std::byte* base) {
  return *reinterpret_cast<const segment_header*>(base);
}

std::uint64_t word_at(const std::byte* base, std::uint64_t offset) {
  std::uint64_t word;
  std::memcpy(&word, base + offset, sizeof word);
  return word;
}

}  // namespace

anatomy::anatomy(const std::byte* base)
    : constant_(header_at(base).constant),
      slots_used_(header_at(base).locked.slots_used.load()),
      chunks_used_(twinmap::storage::unseal(constant_.uuid[0], twinmap::storage::sealed::chunks,
                                            header_at(base).roots.heap_committed.load())) {
  add_header();
  const root_word read{header_at(base).roots.read.load()};
  const root_word dirty{header_at(base).roots.dirty.load()};
  add_table(place::read_table, read);
  add_table(place::dirty_table, dirty ? dirty : read);
  add_slots(base);
  add_heap(base);
  add(place::file, 0, 8);
  add_gaps();
}

void anatomy::add(place where, std::uint64_t offset, std::uint64_t length) {
  for (std::uint64_t at = 0; at < length; at += 8)
    words_[static_cast<std::size_t>(where)].push_back(static_cast<std::uint32_t>(offset + at));
}

void anatomy::add_header() {
  add(place::constant, 0, sizeof(twinmap::storage::header_constant));
  add(place::sealed_constant, 0, offsetof(twinmap::storage::header_constant, checksum));
  add(place::roots, offsetof(segment_header, roots), sizeof(segment_header::roots) - 8);
  add(place::locked, offsetof(segment_header, locked), sizeof(segment_header::locked));
  add(place::counts, offsetof(segment_header, counts), sizeof(segment_header::counts));
  add(place::standby, offsetof(segment_header, standby), 32);
  add(place::hints, offsetof(segment_header, misses),
      offsetof(segment_header, standby) - offsetof(segment_header, misses));
  add(place::hints, offsetof(segment_header, totals), sizeof(segment_header::totals));
  add(place::leases, constant_.leases.offset,
      std::uint64_t{constant_.max_writers} * twinmap::storage::lease_stride);
}

void anatomy::add_table(place where, root_word root) {
  add(where, constant_.heap.offset + root.offset(), root.groups() * twinmap::storage::group_bytes);
}

void anatomy::add_slots(const std::byte* base) {
  const std::uint32_t last = std::max(slots_used_, 2u);
  add(place::hashes, constant_.hashes.offset + 4, std::uint64_t{last} * 4);
  const std::uint64_t bytes = std::uint64_t{1} << constant_.slot_shift;
  for (std::uint32_t slot = 1; slot != last; ++slot) {
    const std::uint64_t at = constant_.slots.offset + slot * bytes;
    add(place::entry_words, at, 8);
    add(place::entry_payloads, at + 8, 8);
    add(place::entry_keys, at + 16, bytes - 16);
    if (entry_word{word_at(base, at)}.state() == entry_state::live_block)
      add_reference(base, at + 8);
    if (entry_meta{word_at(base, at + 16)}.key_length() > bytes - 24) add_reference(base, at + 24);
  }
  if (!blocks_.empty()) return;
  blocks_.push_back(block_ref::make(1, 40));
  add(place::references, words(place::entry_payloads).front(), 8);
}

void anatomy::add_reference(const std::byte* base, std::uint64_t offset) {
  blocks_.push_back({word_at(base, offset)});
  add(place::references, offset, 8);
}

void anatomy::add_heap(const std::byte* base) {
  const unsigned pairs_shift = constant_.chunk_shift - constant_.granule_shift;
  for (std::uint32_t chunk = 0; chunk != chunks_used_; ++chunk) {
    const std::uint64_t record = constant_.chunk_table.offset + chunk * sizeof(chunk_record);
    add(place::chunk_records, record, sizeof(chunk_record));
    for (std::uint32_t pair = 0; pair != 1u << pairs_shift; ++pair) {
      const std::uint64_t at =
          constant_.owners.offset + ((std::uint64_t{chunk} << pairs_shift) + pair) * 16;
      if (word_at(base, at) != 0 || word_at(base, at + 8) != 0) add(place::owner_pairs, at, 16);
    }
  }
  if (words(place::owner_pairs).empty()) add(place::owner_pairs, constant_.owners.offset, 64);
  add(place::heap, constant_.heap.offset, std::uint64_t{chunks_used_} << constant_.chunk_shift);
}

void anatomy::add_gaps() {
  std::uint64_t end = twinmap::storage::header_bytes;
  gaps_.emplace_back(sizeof(segment_header), end);
  for (const region& part : {constant_.leases, constant_.hashes, constant_.slots,
                             constant_.chunk_table, constant_.owners, constant_.heap}) {
    gaps_.emplace_back(end, part.offset);
    end = part.offset + part.length;
  }
  gaps_.emplace_back(end, constant_.file_size);
}

}  // namespace garbage_tests
