#include <twinmap/protocol/standby_memory.hpp>
#include <twinmap/storage/table_words.hpp>

namespace twinmap::protocol {

using storage::narrow_group;
using storage::wide_group;

namespace {

/// Puts the words of one group into a table of another shape, each once. False if there is no room.
template <class From, class To>
bool place_group(const standby_memory& m, const std::byte* group) noexcept {
  bool room = true;
  storage::for_words_in<From>(group, [&](unsigned, storage::index_word word) {
    if (!room || !m.view.slot_ok(word.slot)) return;
    const std::uint32_t low = m.view.slot_hash(word.slot).load(std::memory_order_relaxed);
    bool there = false;
    storage::for_words_of<To>(m.to_groups, m.table.groups(), low, word.slot,
                              [&there](std::byte*, unsigned) { there = true; });
    if (!there)
      room = storage::place_word<To>(m.to_groups, m.table.groups(), low, word) !=
             storage::placed::no_room;
  });
  return room;
}

// Whatever number a word names: a prefetch may have any address.
template <class From>
void prefetch_hashes(const standby_memory& m, const std::byte* group) noexcept {
  storage::for_words_in<From>(group, [&m](unsigned, storage::index_word word) {
    __builtin_prefetch(&m.view.slot_hash(word.slot));
  });
}

}  // namespace

void prefetch_group(const standby_memory& m, std::uint64_t group) noexcept {
  if (group >= m.source.groups() || m.same_shape()) return;
  const std::byte* from = m.from_groups + group * storage::group_bytes;
  if (m.source.wide())
    prefetch_hashes<wide_group>(m, from);
  else
    prefetch_hashes<narrow_group>(m, from);
}

bool copy_group(const standby_memory& m, std::uint64_t group) noexcept {
  const std::byte* from = m.from_groups + group * storage::group_bytes;
  if (m.same_shape()) {
    auto* to = reinterpret_cast<std::uint64_t*>(m.to_groups + group * storage::group_bytes);
    for (unsigned i = 0; i != storage::group_bytes / sizeof(std::uint64_t); ++i)
      __atomic_store_n(
          to + i,
          __atomic_load_n(reinterpret_cast<const std::uint64_t*>(from) + i, __ATOMIC_RELAXED),
          __ATOMIC_RELAXED);
    return true;
  }
  if (!m.source.wide())
    return m.table.wide() ? place_group<narrow_group, wide_group>(m, from)
                          : place_group<narrow_group, narrow_group>(m, from);
  return m.table.wide() ? place_group<wide_group, wide_group>(m, from) : false;
}

bool copy_marked(const standby_memory& m, std::uint64_t word, std::uint64_t bits) noexcept {
  for (; bits != 0; bits &= bits - 1) {
    const std::uint64_t group = word * 64 + static_cast<unsigned>(std::countr_zero(bits));
    if (group < m.source.groups() && !copy_group(m, group)) return false;
  }
  return true;
}

}  // namespace twinmap::protocol
