// A map that may be spoilt word by word, with nothing but inaccessible pages where it has no memory
// yet: whoever follows what was spoilt does not come back.
#pragma once

#include <sys/mman.h>
#include <unistd.h>
#include <twinmap/protocol/heap_care.hpp>
#include <twinmap/protocol/process_state.hpp>
#include <twinmap/storage/table_words.hpp>

#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include "fixture.hpp"

namespace protocol_tests {

using texts = test_maps::raw_map<std::string, std::string>;

// Makes pages of a map's own mapping inaccessible for as long as it lives.
class fenced_pages {
 public:
  fenced_pages(std::byte* from, const std::byte* to) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t gap = (page - reinterpret_cast<std::uintptr_t>(from) % page) % page;
    begin_ = from + gap;
    length_ = static_cast<std::size_t>(to - begin_) / page * page;
    EXPECT_EQ(::mprotect(begin_, length_, PROT_NONE), 0);
  }
  fenced_pages(const fenced_pages&) = delete;
  fenced_pages& operator=(const fenced_pages&) = delete;
  ~fenced_pages() { ::mprotect(begin_, length_, PROT_READ | PROT_WRITE); }

 private:
  std::byte* begin_;
  std::size_t length_;
};

class Spoilt : public testing::Test {
 protected:
  using root_word = twinmap::storage::root_word;

  static std::string key_of(std::uint64_t i) { return "key " + std::to_string(i); }
  static std::string value_of(std::uint64_t i) { return std::string(100, 'v') + std::to_string(i); }
  static test_maps::raw_settings small() {
    test_maps::raw_settings settings = one_by_one();
    settings.max_bytes = 4u << 20;
    return settings;
  }
  void insert(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i != last; ++i)
      map.store(key_of(i), value_of(i));
  }
  // Keys in read, of which the first are absent, and no dirty.
  void fill_read(std::uint64_t count, std::uint64_t erased = 0) {
    insert(0, count);
    map.promote();
    for (std::uint64_t i = 0; i != erased; ++i)
      map.erase(key_of(i));
  }

  const twinmap::protocol::segment_view& view() const { return map.raw().view; }
  twinmap::storage::segment_header& header() const { return *view().header; }
  twinmap::protocol::writer writer() { return twinmap::protocol::begin_care(map.raw()); }
  twinmap::storage::chunk_table& chunks() { return map.raw().state().blocks.chunks(); }
  root_word read_root() const { return {header().roots.read.load()}; }
  root_word dirty_root() const { return {header().roots.dirty.load()}; }
  // What may be followed only by who does not look.
  std::uint32_t far_slot() const { return static_cast<std::uint32_t>(view().max_slots - 1); }
  root_word far_root() const {
    return root_word::make(std::uint64_t{view().heap.chunks - 1} << view().heap.chunk_shift, 4,
                           false, 1);
  }
  std::byte* group(root_word table, std::uint64_t number) const {
    return view().heap.heap + table.offset() + number * twinmap::storage::group_bytes;
  }
  // All words of a table name the same slot.
  void rename_words(root_word table, std::uint64_t slot) const {
    using twinmap::storage::index_word;
    using twinmap::storage::narrow_group;
    for (std::uint64_t i = 0; i != table.groups(); ++i)
      twinmap::storage::for_words_in<narrow_group>(
          group(table, i), [&](unsigned at, index_word word) {
            twinmap::storage::store_word<narrow_group>(group(table, i), at, {word.tag, slot});
          });
  }
  twinmap::storage::entry& slot_of(const std::string& key) const {
    return view().slot(map.slot_of(key)->number);
  }
  // As a holder of the mutex leaves it who died.
  void leave_mutex_locked() const {
    header().locked.mutex = twinmap::platform::mutex_layout::owner_word({200, 3});
  }
  // Runs `body` while what is not resident cannot be touched; memory for a few tables is there.
  void fenced(const std::function<void()>& body) {
    twinmap::protocol::commit_ahead(map.raw(), 16 * view().heap.chunk_bytes());
    const auto& constant = view().constant;
    std::byte* base = reinterpret_cast<std::byte*>(view().header);
    const auto end_of = [base](const twinmap::storage::region& r) {
      return base + r.offset + r.length;
    };
    const std::uint64_t slots = view().resident_slots();
    const std::uint64_t resident = view().resident_chunks();
    const fenced_pages behind_slots(view().slots + (slots << view().slot_shift),
                                    end_of(constant.slots));
    const fenced_pages behind_hashes(reinterpret_cast<std::byte*>(view().hashes + slots),
                                     end_of(constant.hashes));
    const fenced_pages behind_heap(view().heap.heap + (resident << view().heap.chunk_shift),
                                   end_of(constant.heap));
    body();
  }
  static std::error_code code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const twinmap::error& failure) {
      return failure.code();
    }
    return {};
  }

  test_support::scoped_name name;
  texts map{attach_mode::create_only, name, small()};
};

}  // namespace protocol_tests
