// What outlives the processes of a soak: the record of what each writer has done, by which all that
// is seen later is judged. In memory that parent and children share, apart from the map.
//
// Each writer has keys of its own, which nobody else changes but by a clear; so what stands under
// them is known, except for the one call that was in flight when the writer was killed. Then there
// are keys that all write; of those it is known what may be a value at all, and in which order a
// writer made them.
#pragma once

#include <maps/self_verifying.hpp>
#include <twinmap/map.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

namespace soak {

using soak_map = twinmap::map<std::uint64_t, std::string>;

inline constexpr std::size_t writers = 13;
inline constexpr std::size_t places = 256;  // keys of one writer at a time
inline constexpr std::uint64_t shared_keys = 64;
inline constexpr std::uint64_t shared_owner = 0xFF;

// A token is the identity of a value: who made it, for which key, and the how-manieth of his it is.
// 0 is absence.
struct token {
  std::uint64_t bits = 0;

  static constexpr unsigned writer_shift = 56;
  static constexpr unsigned key_shift = 40;
  static token make(std::size_t writer, std::uint64_t key, std::uint64_t count) {
    return {(std::uint64_t{writer + 1} << writer_shift) | ((key & 0xFFFF) << key_shift) | count};
  }
  std::size_t writer() const { return static_cast<std::size_t>(bits >> writer_shift) - 1; }
  std::uint64_t count() const { return bits & ((1ull << key_shift) - 1); }
  bool made_for(std::uint64_t key) const {
    return ((bits >> key_shift) & 0xFFFF) == (key & 0xFFFF);
  }
  friend bool operator==(token, token) = default;
};

inline std::uint64_t key_of(std::size_t writer, std::uint64_t number) {
  return (std::uint64_t{writer} << 40) | number;
}
inline std::uint64_t shared_key(std::uint64_t i) {
  return (shared_owner << 40) | i;
}

// Half of the values lie in the slot, the others are blocks of many classes, and now and then whole
// chunks.
inline void make_value(token of, std::string& value) {
  const std::uint64_t hash = test_maps::mixed(of.bits);
  const std::uint64_t rare = (hash >> 4) % 512;
  const std::uint64_t longest = rare == 0 ? 40'000 : rare < 16 ? 6000 : 120;
  value.resize(hash % 2 == 0 ? 8 : 16 + (hash >> 20) % longest);
  test_maps::fill_self_verifying(value, of.bits);
}

// Empty if the value is none that anybody made.
inline std::optional<token> token_of(const std::optional<std::string>& value) {
  if (!value) return token{};
  if (value->size() < 8 || !test_maps::verifies(*value)) return std::nullopt;
  return token{test_maps::seed_of(*value)};
}

// Clears, one at a time. Those that were begun are numbered from 1. `over` follows `begun` when the
// clear has returned or whoever made it is dead; `completed` only if it returned.
struct clears {
  std::atomic<std::uint32_t> by{0};  // writer + 1
  std::atomic<std::uint64_t> begun{0};
  std::atomic<std::uint64_t> over{0};
  std::atomic<std::uint64_t> completed{0};
};

// What stands under a key, and which clears it may have met: it can be gone if one was begun after
// `over_before` were over, and must be if one has completed that began after `begun_after` had.
struct record {
  std::atomic<std::uint64_t> standing{0};
  std::atomic<std::uint64_t> over_before{0};
  std::atomic<std::uint64_t> begun_after{0};

  void set(token now, std::uint64_t over, std::uint64_t begun) {
    standing = now.bits;
    over_before = over;
    begun_after = begun;
  }
  // Of a call that did not return nothing is known but what is seen.
  void settle(token seen) { set(seen, 0, std::numeric_limits<std::uint64_t>::max()); }
};

enum class verdict { right, cleared, wrong };

// `completed` was read before the look that has `seen`.
inline verdict judge(const record& known, token seen, std::uint64_t completed, const clears& all) {
  const token standing{known.standing};
  if (seen == standing)
    return seen.bits == 0 || completed <= known.begun_after ? verdict::right : verdict::wrong;
  return seen.bits == 0 && all.begun > known.over_before ? verdict::cleared : verdict::wrong;
}

// One writer's. The key of a place has the number `place` modulo `places`; after an erase it may
// get the next such number, which was never used.
struct ledger {
  std::array<std::atomic<std::uint64_t>, places> number{};
  std::array<record, places> known{};
  std::atomic<std::uint64_t> tokens{0};  // made so far
  std::atomic<std::uint64_t> doing{0};   // place + 1 of the call in flight
  std::atomic<std::uint64_t> leaves{0};  // the token that this call would leave
  std::atomic<std::uint64_t> calls{0};
};

struct book {
  std::array<ledger, writers> of{};
  clears cleared;
  std::atomic<std::uint64_t> reads{0};  // of those who only read
  std::atomic<std::uint64_t> walks{0};
  std::atomic<std::uint64_t> errors{0};
  std::atomic<std::uint32_t> first_taken{0};
  std::array<char, 512> first{};  // error; whole once `errors` is not 0

  void complain(const std::string& what) {
    std::uint32_t nobody = 0;
    if (first_taken.compare_exchange_strong(nobody, 1))
      std::memcpy(first.data(), what.data(), std::min(what.size(), first.size() - 1));
    errors.fetch_add(1);
  }
  // Whether a value of this token may stand under that key.
  bool issued(token seen, std::uint64_t key) const {
    return seen.writer() < writers && seen.made_for(key) &&
           seen.count() <= of[seen.writer()].tokens;
  }
};

}  // namespace soak
