#pragma once

// How a segment of a given size is divided, and whether a header that was found is one that this
// library may trust.

#include <twinmap/platform/error.hpp>
#include <twinmap/storage/view.hpp>

#include <optional>
#include <string>

namespace twinmap::storage {

/// What a creator asks for. Sizes in bytes; 0 means "derive it".
struct plan_request {
  std::uint64_t max_bytes = 0;
  std::uint64_t max_entries = 0;
  std::uint32_t slot_bytes = 0;
  std::uint32_t max_writers = 0;
  std::uint32_t key_size = 0;    ///< 0: keys vary
  std::uint32_t value_size = 0;  ///< 0: values vary
  bool huge_pages = false;
  std::uint64_t file_unit = 0;  ///< the size of the file is a multiple of it; 0: of a page
};

/// Fills in sizes, regions and shifts of a header; everything else of it is left alone.
///
/// max_bytes is the size of the file. The derived max_entries takes half of it for slots where all
/// values fit into a slot (keys and values of fixed size, values of at most 8 bytes), an eighth
/// where they do not; what remains is heap, less one owner pair of 16 bytes for each granule. The
/// granule, the least block, is 32 bytes for values of a fixed size up to that and 64 else; where
/// all values fit into slots there are no blocks, and it is a 64th of a chunk. Raises no_space if
/// max_bytes is below what an empty map takes.
void plan_regions(const plan_request& request, const std::string& map, header_constant& header);

/// What regions that grow begin at multiples of, and memory for them should be taken in: a huge
/// page if the map asks for those and is of at least 64 MiB, else a page of 4 KiB. All that is
/// between two regions is a hole.
std::uint64_t region_unit(const header_constant& header) noexcept;

/// [first, last) of bytes of a region, widened to whole `unit`s as far as the region goes.
region widened(const region& of, std::uint64_t first, std::uint64_t last,
               std::uint64_t unit) noexcept;

/// XXH3 of everything before the checksum.
std::uint64_t header_checksum(const header_constant& header) noexcept;

/// Over the size and the offsets of every struct of the format, so that a library built otherwise
/// is refused.
std::uint64_t layout_hash() noexcept;

/// Features that this version knows.
inline constexpr std::uint64_t known_incompatible_features = 0;
inline constexpr std::uint64_t known_read_only_compatible_features = 0;

/// Raises corrupted or incompatible_layout, naming the field, what it holds and what was expected.
/// Everything that attaching relies on later is checked here (P6).
void check_header(const header_constant& header, std::uint64_t file_size, bool for_writing,
                  const std::string& map);

/// Fills the view of a mapped segment from the private copy of its header that was checked or just
/// made.
void make_view(std::byte* base, const header_constant& constant, segment_view& view) noexcept;

}  // namespace twinmap::storage
