#include <twinmap/storage/plan.hpp>

#include <twinmap/platform/huge_pages.hpp>

#include <algorithm>
#include <bit>

namespace twinmap::storage {
namespace {

constexpr std::uint64_t page = 4096;
// A root word holds offsets of 40 bits.
constexpr std::uint64_t max_file_bytes = 1ull << 40;
// Slot numbers have 32 bits wherever they are stored.
constexpr std::uint64_t max_slot_entries = (1ull << 32) - 2;
// Owner indexes have 32 bits: 2^20 chunks of at most 2^12 blocks.
constexpr unsigned max_pairs_shift = 12;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

bool values_in_slots(const plan_request& request) {
  return request.value_size != 0 && request.value_size <= inline_value_bytes &&
         request.key_size != 0;
}

std::uint32_t derive_slot_shift(const plan_request& request) {
  std::uint64_t wanted = request.slot_bytes;
  if (wanted == 0)
    wanted = request.key_size == 0 ? 64 : entry_head_bytes + round_up(request.key_size, 8);
  wanted = std::clamp<std::uint64_t>(wanted, 1u << min_slot_shift, page);
  return static_cast<std::uint32_t>(std::bit_width(wanted - 1));
}

/// Chunks of 64 KiB, larger ones where more than 2^20 of those would be needed.
std::uint32_t derive_chunk_shift(std::uint64_t max_bytes) {
  const unsigned needed = static_cast<unsigned>(std::bit_width((max_bytes - 1) / max_chunks));
  return std::max(min_chunk_shift, needed);
}

std::uint32_t derive_granule_shift(const plan_request& request, std::uint32_t chunk_shift) {
  const std::uint32_t small = request.value_size != 0 && request.value_size <= 32 ? 5 : 6;
  const std::uint32_t least = values_in_slots(request) ? chunk_shift - 6 : small;
  // Owner indexes have 32 bits: at most 2^32 granules.
  return std::max(least, chunk_shift + 20 - 32);
}

}  // namespace

void plan_regions(const plan_request& request, const std::string& map, header_constant& header) {
  const std::uint64_t least = 1u << 20;
  if (request.max_bytes < least || request.max_bytes > max_file_bytes)
    raise(errc::no_space, map,
          "max_bytes is " + std::to_string(request.max_bytes) + ", a map takes " +
              std::to_string(least) + " to 2^40");
  header.max_writers = request.max_writers;
  header.lease_stride = lease_stride;
  header.slot_shift = derive_slot_shift(request);
  header.chunk_shift = derive_chunk_shift(request.max_bytes);
  header.granule_shift = derive_granule_shift(request, header.chunk_shift);
  const std::uint64_t chunk = 1ull << header.chunk_shift;
  const std::uint64_t pair_bytes = (chunk >> header.granule_shift) * sizeof(platform::atomic_pair);
  const std::uint64_t file_unit = std::max(request.file_unit, page);
  const std::uint64_t size = request.max_bytes / file_unit * file_unit;
  header.file_size = size;
  header.huge_pages = request.huge_pages ? 1 : 0;
  const std::uint64_t unit = region_unit(header);

  header.leases = {header_bytes, round_up(std::uint64_t{request.max_writers} * lease_stride, page)};
  const std::uint64_t fixed = round_up(header.leases.offset + header.leases.length, unit);
  const std::uint64_t slot = 1ull << header.slot_shift;
  const std::uint64_t most = (size - std::min(size, fixed)) / (slot + sizeof(std::uint32_t));
  header.max_entries = request.max_entries != 0   ? request.max_entries
                       : values_in_slots(request) ? most / 2
                                                  : most / 8;

  if (request.max_entries > max_slot_entries)
    raise(errc::too_many_entries, map,
          "max_entries is " + std::to_string(request.max_entries) + ", the limit is " +
              std::to_string(max_slot_entries));
  header.max_entries = std::min(header.max_entries, max_slot_entries);

  header.hashes = {fixed, round_up((header.max_entries + 1) * sizeof(std::uint32_t), unit)};
  header.slots = {header.hashes.offset + header.hashes.length,
                  round_up((header.max_entries + 1) * slot, unit)};
  const std::uint64_t before_heap = header.slots.offset + header.slots.length;
  const std::uint64_t left =
      header.max_entries > most || before_heap > size ? 0 : size - before_heap;
  const std::uint64_t slack =
      3 * unit + std::max(chunk, unit);  // what rounding and the alignment of the heap may cost
  std::uint64_t chunks =
      left > slack ? (left - slack) / (chunk + pair_bytes + sizeof(chunk_record)) : 0;
  chunks = std::min<std::uint64_t>(chunks, max_chunks);
  if (chunks < 3)
    raise(errc::no_space, map,
          "max_bytes " + std::to_string(request.max_bytes) + " leaves no heap beside max_entries " +
              std::to_string(header.max_entries) + " and max_writers " +
              std::to_string(request.max_writers));
  header.chunks = static_cast<std::uint32_t>(chunks);
  header.chunk_table = {before_heap, round_up(chunks * sizeof(chunk_record), page)};
  header.owners = {round_up(header.chunk_table.offset + header.chunk_table.length, unit),
                   round_up(chunks * pair_bytes, unit)};
  header.heap = {round_up(header.owners.offset + header.owners.length, std::max(chunk, unit)),
                 chunks * chunk};
}

std::uint64_t region_unit(const header_constant& header) noexcept {
  constexpr std::uint64_t least = 64u << 20;  // in less the gaps would count
  return header.huge_pages != 0 && header.file_size >= least ? platform::huge_page_bytes : page;
}

region widened(const region& of, std::uint64_t first, std::uint64_t last,
               std::uint64_t unit) noexcept {
  const std::uint64_t begin = first / unit * unit;
  return {of.offset + begin, std::min(round_up(last, unit), of.length) - begin};
}

std::uint64_t header_checksum(const header_constant& header) noexcept {
  return XXH3_64bits(&header, offsetof(header_constant, checksum));
}

std::uint64_t layout_hash() noexcept {
  constexpr std::uint64_t facts[] = {sizeof(header_constant),
                                     sizeof(header_roots),
                                     sizeof(header_locked),
                                     sizeof(header_counts),
                                     sizeof(header_misses),
                                     sizeof(header_allocation),
                                     sizeof(header_care),
                                     sizeof(header_standby),
                                     sizeof(lease_page),
                                     sizeof(chunk_record),
                                     offsetof(chunk_record, pairs),
                                     offsetof(chunk_record, pairs_check),
                                     sizeof(entry),
                                     sizeof(segment_header),
                                     sizeof(type_descriptor),
                                     counter_count,
                                     offsetof(segment_header, roots),
                                     offsetof(segment_header, counts),
                                     offsetof(segment_header, care),
                                     offsetof(segment_header, totals),
                                     offsetof(lease_page, counts),
                                     offsetof(header_constant, checksum),
                                     entry_head_bytes,
                                     group_bytes,
                                     lease_stride};
  return XXH3_64bits(facts, sizeof facts);
}

namespace {

[[noreturn]] void refuse(errc code, const std::string& map, const char* field, std::uint64_t found,
                         std::uint64_t wanted) {
  raise(code, map,
        std::string("header field ") + field + " is " + std::to_string(found) + ", expected " +
            std::to_string(wanted));
}

void check_features(const header_constant& header, bool for_writing, const std::string& map) {
  if (const auto unknown = header.incompatible_features & ~known_incompatible_features;
      unknown != 0)
    refuse(errc::incompatible_layout, map, "incompatible_features", unknown, 0);
  const auto unknown = header.read_only_compatible_features & ~known_read_only_compatible_features;
  if (for_writing && unknown != 0)
    refuse(errc::incompatible_layout, map, "read_only_compatible_features", unknown, 0);
}

/// The regions must be those that `plan_regions` would lay out: within the file, in order, of the
/// lengths needed.
void check_regions(const header_constant& header, const std::string& map) {
  const auto require = [&](const char* field, std::uint64_t found, std::uint64_t wanted) {
    if (found != wanted) refuse(errc::corrupted, map, field, found, wanted);
  };
  require("leases.offset", header.leases.offset, header_bytes);
  require("leases.length", header.leases.length,
          round_up(std::uint64_t{header.max_writers} * lease_stride, page));
  const std::uint64_t unit = region_unit(header);
  require("hashes.offset", header.hashes.offset,
          round_up(header.leases.offset + header.leases.length, unit));
  require("hashes.length", header.hashes.length,
          round_up((header.max_entries + 1) * sizeof(std::uint32_t), unit));
  require("slots.offset", header.slots.offset, header.hashes.offset + header.hashes.length);
  require("slots.length", header.slots.length,
          round_up((header.max_entries + 1) << header.slot_shift, unit));
  require("chunk_table.offset", header.chunk_table.offset,
          header.slots.offset + header.slots.length);
  require("chunk_table.length", header.chunk_table.length,
          round_up(header.chunks * sizeof(chunk_record), page));
  require("owners.offset", header.owners.offset,
          round_up(header.chunk_table.offset + header.chunk_table.length, unit));
  const std::uint64_t pairs = std::uint64_t{header.chunks}
                              << (header.chunk_shift - header.granule_shift);
  require("owners.length", header.owners.length,
          round_up(pairs * sizeof(platform::atomic_pair), unit));
  require("heap.offset", header.heap.offset,
          round_up(header.owners.offset + header.owners.length,
                   std::max<std::uint64_t>(1ull << header.chunk_shift, unit)));
  require("heap.length", header.heap.length, std::uint64_t{header.chunks} << header.chunk_shift);
  if (header.heap.offset + header.heap.length > header.file_size)
    refuse(errc::corrupted, map, "heap end", header.heap.offset + header.heap.length,
           header.file_size);
}

void check_ranges(const header_constant& header, const std::string& map) {
  const auto within = [&](const char* field, std::uint64_t found, std::uint64_t low,
                          std::uint64_t high) {
    if (found < low || found > high)
      refuse(errc::corrupted, map, field, found, found < low ? low : high);
  };
  within("max_writers", header.max_writers, 1, platform::max_lease_slots);
  within("slot_shift", header.slot_shift, min_slot_shift, 12);
  within("file_size", header.file_size, header_bytes, max_file_bytes);
  within("chunk_shift", header.chunk_shift, min_chunk_shift, 20);
  within("huge_pages", header.huge_pages, 0, 1);
  within("granule_shift", header.granule_shift, header.chunk_shift - max_pairs_shift,
         header.chunk_shift - 6);
  within("chunks", header.chunks, 1, max_chunks);
  within("max_entries", header.max_entries, 1, max_slot_entries);
  within("key_type.name_length", header.key_type.name_length, 1, type_name_capacity);
  within("value_type.name_length", header.value_type.name_length, 1, type_name_capacity);
}

}  // namespace

void check_header(const header_constant& header, std::uint64_t file_size, bool for_writing,
                  const std::string& map) {
  if (file_size < header_bytes) refuse(errc::corrupted, map, "file size", file_size, header_bytes);
  if (header.magic != segment_magic)
    raise(errc::corrupted, map, "the file does not begin with twinmap's magic");
  if (header.byte_order != byte_order_mark)
    refuse(errc::incompatible_layout, map, "byte_order", header.byte_order, byte_order_mark);
  if (header.version != format_version)
    refuse(errc::incompatible_layout, map, "version", header.version, format_version);
  check_features(header, for_writing, map);
  if (header.layout_hash != layout_hash())
    refuse(errc::incompatible_layout, map, "layout_hash", header.layout_hash, layout_hash());
  if (header.checksum != header_checksum(header))
    refuse(errc::corrupted, map, "checksum", header.checksum, header_checksum(header));
  if (header.file_size != file_size)
    refuse(errc::corrupted, map, "file_size", header.file_size, file_size);
  check_ranges(header, map);
  check_regions(header, map);
}

void make_view(std::byte* base, const header_constant& constant, segment_view& view) noexcept {
  auto* header = reinterpret_cast<segment_header*>(base);
  view.constant = constant;
  view.header = header;
  view.hashes = reinterpret_cast<std::atomic<std::uint32_t>*>(base + constant.hashes.offset);
  view.chunk_records = reinterpret_cast<chunk_record*>(base + constant.chunk_table.offset);
  view.leases = base + constant.leases.offset;
  view.roots = &header->roots;
  view.slots = base + constant.slots.offset;
  view.slot_shift = constant.slot_shift;
  view.key_capacity = static_cast<std::uint32_t>((1u << constant.slot_shift) - entry_head_bytes);
  for (std::size_t i = 0; i != view.secret.size(); ++i)
    view.secret[i] = XXH3_64bits_withSeed(constant.hash_seed.data(), sizeof constant.hash_seed, i);
  view.word_flip = view.secret[1] ^ view.secret[2];
  view.hash_mask = constant.hash_mask;
  view.max_slots = constant.max_entries + 1;
  view.max_heap_bytes = constant.heap.length;
  view.seal_seed = constant.uuid[0];
  view.seal_flip = seed_flip(view.seal_seed);
  view.heap = {.heap = base + constant.heap.offset,
               .owners = reinterpret_cast<platform::atomic_pair*>(base + constant.owners.offset),
               .chunk_shift = constant.chunk_shift,
               .granule_shift = constant.granule_shift,
               .pairs_shift = constant.chunk_shift - constant.granule_shift,
               .chunks = constant.chunks};
}

}  // namespace twinmap::storage
