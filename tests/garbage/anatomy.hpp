// Where in a segment everything is that an edit may change: read once, from a sound map.
#pragma once

#include "damage.hpp"

#include <twinmap/storage/blocks.hpp>
#include <twinmap/storage/index_table.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace garbage_tests {

class anatomy {
 public:
  explicit anatomy(const std::byte* base);

  // Offsets in the file of the words of 8 bytes of one place; never none.
  const std::vector<std::uint32_t>& words(place where) const {
    return words_[static_cast<std::size_t>(where)];
  }
  std::uint32_t word(const edit& one) const {
    const auto& all = words(one.where);
    return all[(std::size_t{one.at} * all.size()) >> 16];
  }
  const twinmap::storage::header_constant& constant() const { return constant_; }
  std::uint32_t slots_used() const { return slots_used_; }
  std::uint32_t chunks_used() const { return chunks_used_; }
  // Values and keys in blocks that live slots name.
  const std::vector<twinmap::storage::block_ref>& blocks() const { return blocks_; }
  // Parts of the file that are no part of any region, as [from, to): nobody has to write there.
  const std::vector<std::pair<std::uint64_t, std::uint64_t>>& gaps() const { return gaps_; }

 private:
  void add_header();
  void add_table(place where, twinmap::storage::root_word root);
  void add_slots(const std::byte* base);
  void add_reference(const std::byte* base, std::uint64_t offset);
  void add_heap(const std::byte* base);
  void add_gaps();
  void add(place where, std::uint64_t offset, std::uint64_t length);

  twinmap::storage::header_constant constant_;
  std::uint32_t slots_used_;
  std::uint32_t chunks_used_;
  std::array<std::vector<std::uint32_t>, place_count> words_;
  std::vector<twinmap::storage::block_ref> blocks_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps_;
};

// A number that could stand in that word of that place: in range, aligned, and of another object.
// `value` decides which.
std::uint64_t plausible(const anatomy& map, place where, std::uint32_t offset, std::uint64_t old,
                        std::uint64_t value);

}  // namespace garbage_tests
