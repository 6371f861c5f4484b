#include <twinmap/protocol/create.hpp>

#include <twinmap/platform/clock.hpp>
#include <twinmap/platform/huge_pages.hpp>
#include <twinmap/storage/plan.hpp>

#include <algorithm>
#include <new>

#include <sys/random.h>
#include <unistd.h>

namespace twinmap::protocol {
namespace {

using storage::header_constant;
using storage::segment_header;

storage::type_descriptor describe(const type_request& type, const std::string& map) {
  const std::string name = type.name.empty() ? "bytes" : type.name;
  if (name.size() > storage::type_name_capacity)
    raise(errc::type_mismatch, map,
          "a type name of " + std::to_string(name.size()) + " bytes, the limit is " +
              std::to_string(storage::type_name_capacity));
  storage::type_descriptor result{};
  result.size = type.size;
  result.name_length = static_cast<std::uint32_t>(name.size());
  std::copy(name.begin(), name.end(), result.name.begin());
  return result;
}

void draw_random(void* to, std::size_t length, const std::string& map) {
  if (getrandom(to, length, 0) != static_cast<ssize_t>(length))
    raise_system(errno, map, "getrandom");
}

header_constant make_header(const attach_request& request, std::uint64_t file_unit) {
  header_constant header{};
  header.magic = storage::segment_magic;
  header.version = storage::format_version;
  header.byte_order = storage::byte_order_mark;
  header.layout_hash = storage::layout_hash();
  header.page_size = static_cast<std::uint32_t>(sysconf(_SC_PAGESIZE));
  header.line_size = storage::cache_line;
  storage::plan_regions({.max_bytes = request.max_bytes,
                         .max_entries = request.max_entries,
                         .slot_bytes = request.slot_bytes,
                         .max_writers = request.max_writers,
                         .key_size = request.key.size,
                         .value_size = request.value.size,
                         .huge_pages = request.huge_pages,
                         .file_unit = file_unit},
                        request.name, header);
  draw_random(header.hash_seed.data(), sizeof header.hash_seed, request.name);
  draw_random(header.uuid.data(), sizeof header.uuid, request.name);
  header.hash_mask = request.hash_mask;
  header.owner = geteuid();
  header.group = request.owner.group.value_or(getegid());
  header.mode = request.owner.mode;
  header.created = platform::realtime_ns();
  header.key_type = describe(request.key, request.name);
  header.value_type = describe(request.value, request.name);
  header.checksum = storage::header_checksum(header);
  return header;
}

/// The regions that exist from the start: all leases, and of everything that grows its first page.
/// Of what lookups go through that page is a huge one, if the map asks for those.
void commit_start(platform::segment_file& file, const header_constant& header,
                  std::uint64_t file_unit, const std::string& map) {
  const std::uint64_t page = header.page_size;
  const std::uint64_t unit = std::max(page, storage::region_unit(header));
  const auto commit = [&](std::uint64_t offset, std::uint64_t length) {
    if (const std::error_code failure = file.commit(offset, length))
      raise(errc::no_space, map,
            std::to_string(length) +
                " bytes for an empty map are not to be had: " + failure.message() +
                (file_unit == 0 ? ""
                                : " (hugetlbfs with pages of " + std::to_string(file_unit) +
                                      " bytes: are there any in the pool, vm.nr_hugepages?)"));
  };
  commit(0, header.leases.offset + header.leases.length);
  commit(header.hashes.offset, unit);
  commit(header.slots.offset, unit);
  commit(header.chunk_table.offset, page);
  const storage::region heap =
      storage::widened(header.heap, 0, std::uint64_t{1} << header.chunk_shift, unit);
  commit(heap.offset, heap.length);
}

/// The first table: 4 groups at the start of chunk 0. All other state of an empty map is zero.
void make_empty(segment_header& header, std::byte* base) {
  const header_constant& constant = header.constant;
  auto* chunks = reinterpret_cast<storage::chunk_record*>(base + constant.chunk_table.offset);
  chunks[0].entry.store(storage::chunk_entry{0}.next(storage::chunk_kind::table, 1).bits,
                        std::memory_order_relaxed);
  constexpr std::uint64_t first_groups = 4;
  header.roots.read.store(storage::root_word::make(0, first_groups, false, 0).bits,
                          std::memory_order_relaxed);
  const std::uint64_t slots =
      std::min<std::uint64_t>(constant.page_size >> constant.slot_shift, constant.max_entries + 1);
  const auto publish = [&](std::atomic<std::uint64_t>& to, storage::sealed what,
                           std::uint64_t number) {
    to.store(storage::seal(constant.uuid[0], what, static_cast<std::uint32_t>(number)),
             std::memory_order_relaxed);
  };
  publish(header.roots.slots_committed, storage::sealed::slots, slots);
  publish(header.roots.heap_committed, storage::sealed::chunks, 1);
  header.locked.births.store(1, std::memory_order_relaxed);
  header.locked.read_births.store(1, std::memory_order_relaxed);
  header.locked.slots_used.store(1, std::memory_order_relaxed);  // slot 0 is nobody's
  header.locked.cycle.store(1, std::memory_order_relaxed);
  header.locked.reap_cursor.store(1, std::memory_order_relaxed);
}

}  // namespace

platform::segment_file create_segment(const attach_request& request,
                                      const platform::map_location& where) {
  if (request.max_writers == 0 || request.max_writers > platform::max_lease_slots)
    raise(errc::too_many_writers, request.name,
          "max_writers is " + std::to_string(request.max_writers) + ", a map takes 1 to " +
              std::to_string(platform::max_lease_slots));
  const std::uint64_t file_unit = platform::hugetlbfs_page(where.directory);
  const header_constant constant = make_header(request, file_unit);
  platform::segment_file file =
      platform::segment_file::create(where, constant.file_size, request.owner);
  if (request.huge_pages) file.ask_for_huge_pages();
  commit_start(file, constant, file_unit, request.name);
  auto* header = new (file.base()) segment_header{};
  header->constant = constant;
  make_empty(*header, file.base());
  return file;
}

}  // namespace twinmap::protocol
