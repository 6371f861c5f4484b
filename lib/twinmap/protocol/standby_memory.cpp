#include <twinmap/protocol/standby_memory.hpp>
#include <twinmap/storage/table_words.hpp>

namespace twinmap::protocol {

namespace {

/// Puts the words of one group into a table of another shape, each once. False if there is no room.
template <class From, class To>
bool place_group(const standby_memory& m, const std::byte* group) noexcept {
  for (unsigned i = 0; i != storage::index_word<From>::per_group; ++i) {
    const From word = storage::load_word<From>(group, i);
    platform::acquire_fence();  // with (T2) of table_words.hpp: the slot's hash is the key's
    const std::uint64_t slot = storage::slot_of<From>(word);
    if (!m.view.slot_ok(slot)) continue;
    const std::uint32_t low = m.view.slot_hash(slot).load(std::memory_order_relaxed);
    bool there = false;
    storage::for_words_of<To>(m.to_groups, m.table.groups(), low, slot,
                              [&there](std::byte*, unsigned) { there = true; });
    if (there) continue;
    const std::uint64_t tag = std::uint64_t{word >> storage::index_word<From>::slot_bits} << 56;
    if (storage::place_word<To>(m.to_groups, m.table.groups(), low,
                                storage::make_word<To>(tag, slot)) == storage::placed::no_room)
      return false;
  }
  return true;
}

template <class From>
void prefetch_hashes(const standby_memory& m, const std::byte* group) noexcept {
  for (unsigned i = 0; i != storage::index_word<From>::per_group; ++i) {
    const std::uint64_t slot = storage::slot_of<From>(storage::load_word<From>(group, i));
    if (m.view.slot_ok(slot)) __builtin_prefetch(&m.view.slot_hash(slot));
  }
}

}  // namespace

void prefetch_group(const standby_memory& m, std::uint64_t group) noexcept {
  if (group >= m.source.groups() || m.same_shape()) return;
  const std::byte* from = m.from_groups + group * storage::group_bytes;
  if (m.source.wide())
    prefetch_hashes<std::uint64_t>(m, from);
  else
    prefetch_hashes<std::uint32_t>(m, from);
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
    return m.table.wide() ? place_group<std::uint32_t, std::uint64_t>(m, from)
                          : place_group<std::uint32_t, std::uint32_t>(m, from);
  return m.table.wide() ? place_group<std::uint64_t, std::uint64_t>(m, from) : false;
}

bool copy_marked(const standby_memory& m, std::uint64_t word, std::uint64_t bits) noexcept {
  for (; bits != 0; bits &= bits - 1) {
    const std::uint64_t group = word * 64 + static_cast<unsigned>(std::countr_zero(bits));
    if (group < m.source.groups() && !copy_group(m, group)) return false;
  }
  return true;
}

}  // namespace twinmap::protocol
