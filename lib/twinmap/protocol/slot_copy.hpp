#pragma once

// A whole slot, copied by number: for walks over all slots. Rules R1 and R5, as in reader.hpp.

#include <twinmap/protocol/reader.hpp>

namespace twinmap::protocol {

/// Takes a value of any length into a value_buffer.
struct buffer_sink {
  static constexpr bool takes_blocks = true;
  value_buffer* out;
  bool inlined(std::uint64_t payload, unsigned length) const {
    if (length > storage::inline_value_bytes) return false;
    std::memcpy(out->resize(length), &payload, length);
    return true;
  }
  std::byte* block(std::size_t length) const { return out->resize(length); }
};

/// Copies the value that the pair `seen` of a live slot names. False if the slot moved meanwhile.
bool copy_value(const segment_view& view, std::uint64_t slot, platform::pair_value seen,
                value_buffer& out);

struct slot_copy {
  platform::pair_value pair{};
  storage::entry_meta meta{0};
  value_buffer key;
  value_buffer value;  ///< of a live slot

  [[nodiscard]] storage::entry_word word() const noexcept { return {pair.first}; }
};

enum class copied : std::uint8_t { yes, moved, damaged };

/// Word, identity, key, value, word again: `moved` if something changed on the way, `damaged` if
/// nothing did and key or value lead nowhere. A free slot has no key.
copied copy_slot(const segment_view& view, std::uint64_t number, bool with_value, slot_copy& out);

}  // namespace twinmap::protocol
