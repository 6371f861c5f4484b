#pragma once

// Moving values together, so that sparsely used chunks become free ones. To everybody else a move
// is a store of the value that stands there already.
//
//   plan    count the used blocks of every chunk, and choose victims by size class: the emptiest
//           chunks, as long as their values fit into the others
//   move    walk the slots; each value in a victim is copied (rule R5) into a block of the
//           densest chunk that is no victim, by one CAS of the slot, and its old block is retired
//   close   victims whose blocks are all free become free chunks
//
// What holds a chunk: a key that does not fit into its slot (those stay where they are), and blocks
// that a living writer has on its private stacks. It is not tried again before its number of used
// blocks has changed. Values of runs, which have their chunks for themselves, are never moved.

#include <twinmap/protocol/process_state.hpp>

namespace twinmap::protocol {

/// Per process, for one thread at a time; 6 bytes for each chunk of the heap, and 4 for each that
/// has room for values from others.
class TWINMAP_EXPORT gatherer {
 public:
  explicit gatherer(handle& map) noexcept : map_(map) {}

  /// Some more of the work: a step that looks at about so many slots, or as many blocks. False if
  /// this pass over the map has ended, or nothing has changed since a pass that found nothing to
  /// do. Progress: lock-free. Nothing is left half done between two calls.
  bool some(std::size_t slots);

  /// Bytes moved so far.
  [[nodiscard]] std::uint64_t moved() const noexcept { return moved_; }

 private:
  enum class phase : std::uint8_t { idle, counting, moving, closing };
  struct chunk_note {
    std::uint16_t used = not_small;  ///< blocks that are not free, when it was counted
    std::uint16_t stuck = 0;         ///< used blocks that would not go at the last try
    bool leased = false;             ///< some of them are a lease's, when it was counted
    bool victim = false;
  };
  static constexpr std::uint16_t not_small = 0xFFFF;

  void count_some(writer& by, std::size_t budget);
  std::size_t count_chunk(writer& by, std::uint32_t chunk);
  void choose_victims();
  void choose_victims_of(std::uint32_t size_class, std::vector<std::uint32_t>& chunks);
  void move_some(writer& by, std::size_t slots);
  void move_value(writer& by, std::uint64_t number);
  [[nodiscard]] storage::owned_block place_for(writer& by, std::uint32_t length);
  void hide(std::uint32_t chunk, std::uint32_t size_class) noexcept;
  void close_some(writer& by, std::size_t budget);
  std::size_t close_chunk(writer& by, std::uint32_t chunk);
  [[nodiscard]] std::uint32_t used_blocks(std::uint32_t chunk, storage::chunk_entry entry,
                                          bool& leased) const noexcept;
  [[nodiscard]] std::uint64_t activity() const noexcept;

  handle& map_;
  phase phase_ = phase::idle;
  std::vector<chunk_note> notes_;
  std::array<std::vector<std::uint32_t>, storage::class_count> targets_;  ///< densest last
  std::uint32_t victims_ = 0;
  std::uint32_t chunk_ = 0;      ///< counted, or closed, next
  std::uint64_t slot_ = 0;       ///< looked at next
  std::uint64_t started_ = 0;    ///< `activity` when this pass began
  std::uint64_t quiet_ = ~0ull;  ///< `activity` when a pass that found nothing to do began
  std::uint64_t moved_ = 0;
  value_buffer value_;
};

}  // namespace twinmap::protocol
