#include <twinmap/protocol/heap_care.hpp>

#include <twinmap/protocol/process_state.hpp>

#include <algorithm>

namespace twinmap::protocol {

using storage::chunk_entry;
using storage::chunk_kind;

heap_state heap(const handle& map) {
  const segment_view& view = map.view;
  const storage::chunk_table& chunks = map.state().blocks.chunks();
  heap_state out;
  out.chunk_bytes = view.heap.chunk_bytes();
  const std::uint32_t limit = chunks.committed();
  for (std::uint32_t chunk = 0; chunk != limit; ++chunk) {
    const chunk_entry entry = chunks.load(chunk);
    const bool free = entry.kind() == chunk_kind::free;
    if (free && !view.resident(chunk)) {
      ++out.chunks_given_back;
      continue;
    }
    ++out.chunks_committed;
    if (free) ++out.chunks_free;
    if (entry.kind() != chunk_kind::small || entry.number() >= storage::class_count) continue;
    const std::uint64_t blocks =
        std::min<std::uint32_t>(view.chunk(chunk).free_hint.load(std::memory_order_relaxed),
                                chunks.blocks_of(entry.number()));
    out.bytes_free_in_chunks += blocks * storage::granules_of_class(entry.number())
                                << view.heap.granule_shift;
  }
  return out;
}

std::uint64_t commit_ahead(handle& map, std::uint64_t size) {
  writer by = begin_care(map);
  const storage::heap_geometry& heap = map.view.heap;
  const auto chunks_of = [&heap](std::uint64_t n) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(n >> heap.chunk_shift, heap.chunks));
  };
  // What the last sixteenth of the file system is good for: writers who need memory now.
  const platform::segment_file::file_system space = by.state().file.space();
  const std::uint64_t left_alone = space.total / 16;
  const std::uint64_t allowed = space.total == 0                ? ~std::uint64_t{0}
                                : space.available <= left_alone ? 0
                                                                : space.available - left_alone;
  const std::uint32_t wanted =
      chunks_of(std::min(size, map.view.max_heap_bytes) + heap.chunk_bytes() - 1);
  const std::uint32_t came =
      by.blocks().chunks().commit_ahead(wanted, chunks_of(allowed), by.context.me);
  return std::uint64_t{came} << heap.chunk_shift;
}

// Two rules meet here. A reader that is suspended inside one load may come back to a chunk that has
// become a hole; reading a hole takes a page of the file system and is SIGBUS if there is none, so
// P7 promises 10 s to such a reader. And memory should be gone 10 s after it was erased, in which
// values have to be moved together first, and to give a gigabyte back takes a second or two. Where
// at least an eighth of the file system is free a page for that reader is to be had, whatever
// others take in the meantime; only where it is not the full 10 s matter.
std::chrono::nanoseconds give_back_age(const handle& map) {
  using namespace std::chrono_literals;
  const platform::segment_file::file_system space = map.state().file.space();
  const bool plenty = space.total == 0 || space.available >= space.total / 8;
  return plenty ? 5s : 10s;
}

bool chunk_ages::nothing_due(std::uint32_t min_age) const noexcept {
  const auto& hints = map_.view.header->allocation;
  return seen_.size() == map_.view.resident_chunks() &&
         hints.run_frees.load(std::memory_order_relaxed) == frees_ &&
         (free_ <= keep_ || now_ - oldest_ < min_age);
}

void chunk_ages::look() {
  const segment_view& view = map_.view;
  const storage::chunk_table& chunks = map_.state().blocks.chunks();
  auto& hints = view.header->allocation;
  frees_ = hints.run_frees.load(std::memory_order_relaxed);
  seen_.resize(chunks.committed());
  oldest_ = now_;
  free_ = 0;
  for (std::uint32_t chunk = 0; chunk != seen_.size(); ++chunk) {
    const chunk_entry entry = chunks.load(chunk);
    sight& last = seen_[chunk];
    const auto version = static_cast<std::uint32_t>(entry.version());
    if (entry.kind() != chunk_kind::free || !view.resident(chunk))
      last.version = not_free;
    else if (last.version != version)
      last = {version, now_};
    if (last.version == not_free) continue;
    ++free_;
    if (now_ - last.since > now_ - oldest_) oldest_ = last.since;
  }
  hints.free_chunks.store(free_, std::memory_order_relaxed);
  // Claims begin at the front again: what lies behind all that they need comes of age.
  hints.run_cursor.store(0, std::memory_order_relaxed);
}

bool chunk_ages::due(std::uint32_t chunk, std::uint32_t min_age) const noexcept {
  const sight& last = seen_[chunk];
  return last.version != not_free && now_ - last.since >= min_age;
}

std::uint64_t chunk_ages::give_back(std::chrono::nanoseconds min_age, std::uint64_t keep) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  constexpr std::uint32_t most_bytes = 64u << 20;
  constexpr std::uint32_t longest_row = 64;
  const std::uint32_t shift = map_.view.heap.chunk_shift;
  const auto age = static_cast<std::uint32_t>(duration_cast<milliseconds>(min_age).count());
  now_ = static_cast<std::uint32_t>(duration_cast<milliseconds>(clock::now() - start_).count());
  keep_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(keep >> shift, map_.view.heap.chunks));
  if (!map_.state().file.gives_back() || nothing_due(age)) return 0;
  writer by = begin_care(map_);
  look();
  std::uint32_t left = std::min(free_ - std::min(free_, keep_), most_bytes >> shift);
  storage::chunk_table& chunks = by.blocks().chunks();
  std::uint32_t given = 0;
  std::vector<chunk_entry> row;
  // From the end: what stays is then near the beginning, where claims find it soonest.
  for (auto end = static_cast<std::uint32_t>(seen_.size()); end != 0 && left != 0;) {
    row.clear();
    std::uint32_t first = end;
    for (; first != 0 && row.size() != std::min(left, longest_row) && due(first - 1, age);
         --first) {
      const chunk_entry entry = chunks.load(first - 1);
      // Somebody may have had it since the look: it starts anew.
      if (static_cast<std::uint32_t>(entry.version()) != seen_[first - 1].version) break;
      row.push_back(entry);
      seen_[first - 1].version = not_free;
    }
    end = row.empty() ? end - 1 : first;
    if (row.empty()) continue;
    std::reverse(row.begin(), row.end());
    given += chunks.give_back(first, row, by.context.me);
    left -= static_cast<std::uint32_t>(row.size());
    free_ -= static_cast<std::uint32_t>(row.size());
  }
  return std::uint64_t{given} << shift;
}

}  // namespace twinmap::protocol
