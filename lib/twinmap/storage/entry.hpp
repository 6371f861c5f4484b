#pragma once

// An entry slot: the place of one key, for ever. Both tables point at it by number.
//
// Invariants
//   1. A slot stays a slot, and its version never goes back (rule R2): an unchanged word means an
//   unchanged slot.
//   2. birth, key length and key change only while the state is free, under the mutex.
//   3. word and payload change together, by 16-byte compare-and-swap, and every change raises the
//   version.
//   4. A slot that is live or nil is indexed in the current tables; one key has at most one such
//   slot (rule R4).

#include <twinmap/storage/layout.hpp>

namespace twinmap::storage {
inline namespace layout_1 {

/// free: names no key. live_inline: the payload is the value. live_block: the payload is a
/// block_ref. nil: the key is absent, and any writer may revive it by CAS. expunged: the key is
/// absent and the slot is in no dirty table; only under the mutex may it come back; the payload is
/// the cycle in which it was expunged.
enum class entry_state : std::uint8_t {
  free = 0,
  live_inline = 1,
  live_block = 2,
  nil = 3,
  expunged = 4
};

/// The first half of the pair: bits 0-2 state, 3-6 length of an inline value, 7 zero,
/// 8-63 version.
struct entry_word {
  std::uint64_t bits;

  static constexpr unsigned version_shift = 8;

  [[nodiscard]] constexpr entry_state state() const noexcept {
    return static_cast<entry_state>(bits & 7);
  }
  [[nodiscard]] constexpr bool live() const noexcept { return (bits & 7) - 1 < 2; }
  /// Whether one of them is live, or is garbage. One more than a state has bit 1 if that state is
  /// one of the two.
  [[nodiscard]] static constexpr bool any_live(const std::array<entry_word, 4>& words) noexcept {
    return (((words[0].bits + 1) | (words[1].bits + 1) | (words[2].bits + 1) |
             (words[3].bits + 1)) &
            2) != 0;
  }
  [[nodiscard]] constexpr unsigned inline_length() const noexcept {
    return static_cast<unsigned>(bits >> 3) & 15;
  }
  [[nodiscard]] constexpr std::uint64_t version() const noexcept { return bits >> version_shift; }
  /// The word that follows this one: one version on.
  [[nodiscard]] constexpr entry_word next(entry_state state, unsigned length = 0) const noexcept {
    return {((version() + 1) << version_shift) | (std::uint64_t{length} << 3) |
            static_cast<std::uint64_t>(state)};
  }
  /// The same state and length, one version on.
  [[nodiscard]] constexpr entry_word next_version() const noexcept {
    return {bits + (1ull << version_shift)};
  }
  /// State and length, a byte of their own so that they are compared at once.
  [[nodiscard]] constexpr std::uint8_t kind() const noexcept {
    return static_cast<std::uint8_t>(bits);
  }
  [[nodiscard]] static constexpr std::uint8_t live_inline_kind(unsigned length) noexcept {
    return static_cast<std::uint8_t>((length << 3) |
                                     static_cast<unsigned>(entry_state::live_inline));
  }
  friend bool operator==(entry_word, entry_word) = default;
};

inline constexpr std::size_t inline_value_bytes = 8;

/// Payload of a free slot: the number of the next one in the free list, with this bit; without it
/// the slot is in no list.
inline constexpr std::uint64_t listed_bit = 1ull << 63;

/// A value block or a long key: 32 bits length, 32 bits index of its owner pair. Where it lies
/// follows from both.
struct block_ref {
  std::uint64_t bits;
  [[nodiscard]] static constexpr block_ref make(std::uint32_t owner,
                                                std::uint32_t length) noexcept {
    return {(std::uint64_t{length} << 32) | owner};
  }
  [[nodiscard]] constexpr std::uint32_t owner() const noexcept {
    return static_cast<std::uint32_t>(bits);
  }
  [[nodiscard]] constexpr std::uint32_t length() const noexcept {
    return static_cast<std::uint32_t>(bits >> 32);
  }
};

/// Birth number (48 bits) and key length (16 bits).
struct entry_meta {
  std::uint64_t bits;
  [[nodiscard]] static constexpr entry_meta make(std::uint64_t birth,
                                                 std::size_t key_length) noexcept {
    return {(birth << 16) | key_length};
  }
  [[nodiscard]] constexpr std::uint64_t birth() const noexcept { return bits >> 16; }
  [[nodiscard]] constexpr std::size_t key_length() const noexcept { return bits & 0xFFFF; }
};

/// The fixed part of a slot; the key area follows up to the slot size. Stored in shared memory.
struct entry {
  platform::atomic_pair value;
  std::atomic<std::uint64_t> meta;
  std::atomic<std::uint64_t>
      key;  ///< the key's first 8 bytes, or the block_ref of one that does not fit

  [[nodiscard]] const std::byte* key_bytes() const noexcept {
    return reinterpret_cast<const std::byte*>(&key);
  }
  [[nodiscard]] std::byte* key_bytes() noexcept { return reinterpret_cast<std::byte*>(&key); }
};
inline constexpr std::size_t entry_head_bytes = 24;
inline constexpr unsigned min_slot_shift = 5;
static_assert(sizeof(entry) == 32 && offsetof(entry, key) == entry_head_bytes);

}  // namespace layout_1
}  // namespace twinmap::storage
