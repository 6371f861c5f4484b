// What the processes of the demo tell each other outside the map, in anonymous shared memory: a
// line per process for the table, and what has returned, so that others can insist on seeing it.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace demo {

inline constexpr std::size_t reader_count = 4;
inline constexpr std::size_t process_count = reader_count + 2;
inline constexpr std::size_t writer_line = reader_count;
inline constexpr std::size_t victim_line = reader_count + 1;

/// What a writer is doing. The victim says so before each call and takes it back after.
enum class operation : std::uint32_t {
  none,
  store,
  insert,
  exchange,
  compare_exchange,
  load_or_store,
  update,
  erase,
  count
};
inline constexpr std::array<std::string_view, static_cast<std::size_t>(operation::count)>
    operation_names{"none",          "store",  "insert", "exchange", "compare_exchange",
                    "load_or_store", "update", "erase"};

using counter = std::atomic<std::uint64_t>;

/// One line of the table. Only its own process writes it.
struct alignas(64) process_line {
  std::atomic<pid_t> pid{0};
  counter operations{0};
  counter hits_read{0};
  counter hits_dirty{0};
  counter retries{0};
  counter promotions{0};
  counter take_overs{0};
  counter mismatches{0};
  std::atomic<operation> doing{operation::none};
  std::array<char, 400> first_complaint{};  ///< written before the first mismatch is counted

  void complain(std::string_view text) {
    if (mismatches.load() == 0) {
      const std::size_t length = std::min(text.size(), first_complaint.size() - 1);
      std::memcpy(first_complaint.data(), text.data(), length);
    }
    mismatches.fetch_add(1);
  }
};

/// Numbered keys that come at one end and go at the other. Invariant: every key of [oldest, next)
/// is in the map, and stays until `oldest` has passed it. One process writes at a time.
struct key_window {
  counter oldest{0};
  counter next{0};
};

struct board {
  std::array<process_line, process_count> lines;
  key_window written;   ///< by the writer
  key_window survived;  ///< by the victims: what returned before the kill is still there after it
  counter sequence{1};  ///< of all sealed records; drawn before the store
  std::atomic<bool> stop{false};
};

}  // namespace demo
