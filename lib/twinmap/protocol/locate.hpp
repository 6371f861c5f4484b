#pragma once

// Where a key stands, for those who change it: the read path without values. Same rules (R1–R3),
// same bounds.

#include <twinmap/protocol/handle.hpp>
#include <twinmap/storage/index_table.hpp>

namespace twinmap::protocol {

enum class found_in : std::uint8_t { nowhere, read, dirty };

/// A slot that held the key when its word was loaded; `nowhere`: the key had none, proven by the
/// roots (rule R3).
struct location {
  found_in where = found_in::nowhere;
  bool amended = false;  ///< read was not the whole map
  std::uint64_t slot = 0;
  storage::entry_word word{0};
  std::uint64_t payload = 0;

  [[nodiscard]] bool live() const noexcept { return where != found_in::nowhere && word.live(); }
  [[nodiscard]] bool in_state(storage::entry_state state) const noexcept {
    return where != found_in::nowhere && word.state() == state;
  }
  [[nodiscard]] platform::pair_value pair() const noexcept { return {word.bits, payload}; }
};

/// Raises corrupted when patience.hpp says so.
location locate(const handle& map, key_view key);

}  // namespace twinmap::protocol
