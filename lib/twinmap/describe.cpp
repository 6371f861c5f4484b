#include <twinmap/describe.hpp>
#include <twinmap/platform/huge_pages.hpp>
#include <twinmap/protocol/admin.hpp>
#include <twinmap/protocol/process_state.hpp>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace twinmap::detail {
namespace {

std::string written_name(const storage::type_descriptor& type) {
  const std::size_t length = std::min<std::size_t>(type.name_length, type.name.size());
  return {type.name.data(), length};
}

std::string hexadecimal(const std::array<std::uint64_t, 2>& number) {
  std::array<char, 33> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx%016llx",
                static_cast<unsigned long long>(number[0]),
                static_cast<unsigned long long>(number[1]));
  return digits.data();
}

/// Of tmpfs, of other file systems, and of hugetlbfs, where a page with one user counts as private.
bool counts_huge_pages(const std::string& field) {
  return field == "ShmemPmdMapped:" || field == "FilePmdMapped:" || field == "Shared_Hugetlb:" ||
         field == "Private_Hugetlb:";
}

/// A process maps memory when it touches it, and one that has only just attached has touched none:
/// so here each huge page of the slots and the heap is. Only what is in use, which has memory
/// behind it: to touch a hole takes some.
void touch_memory_in_use(const protocol::handle& handle) noexcept {
  const storage::segment_view& view = handle.view;
  const std::uint64_t slot_bytes = view.resident_slots() << view.slot_shift;
  for (std::uint64_t at = 0; at < slot_bytes; at += platform::huge_page_bytes)
    platform::map_page(view.slots + at);
  std::uint64_t next = 0;
  for (std::uint32_t chunk = 0; chunk != view.resident_chunks(); ++chunk) {
    // (C1) of storage/chunk_table.hpp
    const storage::chunk_entry entry{view.chunk(chunk).entry.load(std::memory_order_acquire)};
    const std::uint64_t at = std::uint64_t{chunk} << view.heap.chunk_shift;
    if (at < next || !view.resident(chunk) || entry.kind() == storage::chunk_kind::free ||
        entry.kind() == storage::chunk_kind::claimed)
      continue;
    platform::map_page(view.heap.heap + at);
    next = (at / platform::huge_page_bytes + 1) * platform::huge_page_bytes;
  }
}

/// Bytes of the mapping at `base` that the kernel has mapped with huge pages, as /proc/self/smaps
/// counts them; 0 where there is no such file.
std::uint64_t huge_bytes(const std::byte* base) {
  std::ifstream smaps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(base);
  bool inside = false;
  std::uint64_t bytes = 0;
  for (std::string line; std::getline(smaps, line);) {
    std::istringstream words(line);
    std::string first;
    std::uint64_t kibibytes = 0;
    words >> first;
    if (first.find('-') != std::string::npos && first.back() != ':') {
      if (inside) break;
      inside = std::stoull(first, nullptr, 16) == wanted;
    } else if (inside && counts_huge_pages(first) && words >> kibibytes) {
      bytes += kibibytes * 1024;
    }
  }
  return bytes;
}

}  // namespace

map_stats gather_stats(const protocol::handle& handle, bool by_state) {
  const protocol::stats_snapshot snapshot = protocol::stats(handle, by_state);
  map_stats result;
  std::size_t next = 0;
  for_each_counter(result,
                   [&](const char*, std::uint64_t& field) { field = snapshot.counts.at(next++); });
  result.entries = handle.size();
  result.entries_live = snapshot.entries_live;
  result.entries_nil = snapshot.entries_nil;
  result.entries_expunged = snapshot.entries_expunged;
  result.entries_free = snapshot.entries_free;
  result.read_words = snapshot.read_words;
  result.dirty_words = snapshot.dirty_words;
  result.dirty_only = snapshot.dirty_only;
  result.read_places = snapshot.read_places;
  result.dirty_places = snapshot.dirty_places;
  result.generation = snapshot.generation;
  result.amended = snapshot.amended;
  result.cared_for = snapshot.cared_for;
  result.epoch = snapshot.epoch;
  result.bytes_used = snapshot.bytes_used;
  result.bytes_committed = snapshot.bytes_committed;
  result.bytes_max = snapshot.bytes_max;
  result.writers = snapshot.writers;
  result.slots_used = snapshot.slots_used;
  result.max_entries = snapshot.max_entries;
  return result;
}

map_info describe_constants(const protocol::handle& handle) {
  const storage::header_constant& constant = handle.view.constant;
  map_info result;
  result.name = handle.name();
  result.directory = handle.state().where.directory;
  result.key_type = written_name(constant.key_type);
  result.value_type = written_name(constant.value_type);
  result.max_entries = constant.max_entries;
  result.slot_bytes = 1u << constant.slot_shift;
  result.max_writers = constant.max_writers;
  result.mode = static_cast<mode_t>(constant.mode);
  result.owner = constant.owner;
  result.group = constant.group;
  result.huge_pages = constant.huge_pages != 0;
  result.format = constant.version;
  result.created_at = constant.created;
  result.uuid = hexadecimal(constant.uuid);
  return result;
}

map_info describe(const protocol::handle& handle) {
  const protocol::stats_snapshot snapshot = protocol::stats(handle, false);
  map_info result = describe_constants(handle);
  result.entries = handle.size();
  result.bytes_used = snapshot.bytes_used;
  result.bytes_committed = snapshot.bytes_committed;
  result.bytes_max = snapshot.bytes_max;
  touch_memory_in_use(handle);
  result.bytes_huge = huge_bytes(reinterpret_cast<const std::byte*>(handle.view.header));
  result.writers = snapshot.writers;
  result.retired = handle.retired();
  return result;
}

}  // namespace twinmap::detail
