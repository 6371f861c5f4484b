// A worker that may be killed at any instruction, and the record by which its work is judged.
//
// Every worker owns a window of keys that only it writes. Before an operation it notes in memory
// shared with the test what it is about to do; after the return it notes what stands. Whoever reads
// the ledger after a death knows every key's value exactly, but for the one operation that had not
// returned: that one may have happened or not, and whichever was seen must stay.
#pragma once

#include <gtest/gtest.h>
#include <maps/raw_map.hpp>
#include <maps/self_verifying.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace process_tests {

using ledger_map = test_maps::raw_map<std::uint64_t, std::string>;

enum class work : std::uint32_t {
  none,
  insert,
  erase_oldest,
  store,
  exchange,
  compare_exchange,
  load_and_erase,
  load,
};
inline constexpr std::size_t work_kinds = 8;
inline constexpr std::array<const char*, work_kinds> work_names{
    "between operations", "insert",           "erase",          "store",
    "exchange",           "compare_exchange", "load_and_erase", "load and promotion"};

// Lives in shared memory. A token is a value's identity, 0 is absence. Keys first_key … next_key -
// 1 are in the window, each at its number modulo the window's size.
struct ledger {
  static constexpr std::uint64_t window = 256;

  std::uint64_t worker = 0;
  std::atomic<std::uint64_t> first_key{1};
  std::atomic<std::uint64_t> next_key{1};
  std::atomic<std::uint64_t> next_token{1};
  std::array<std::atomic<std::uint64_t>, window> standing{};
  std::atomic<std::uint32_t> doing{0};  // a `work`; none: nothing is in flight
  std::atomic<std::uint64_t> doing_key{0};
  std::atomic<std::uint64_t> doing_token{0};  // what will stand under doing_key
  std::atomic<std::uint64_t> operations{0};

  std::atomic<std::uint64_t>& standing_at(std::uint64_t number) {
    return standing[number % window];
  }
  std::uint64_t key(std::uint64_t number) const { return (worker << 40) | number; }
};

// The value of a token, into memory that is used again: what takes time shall be the operations.
// Half of the values lie in the slot, the others are blocks of many size classes.
inline void make_value(std::uint64_t token, std::string& value) {
  const std::uint64_t hash = test_maps::mixed(token);
  const std::uint64_t longest = (hash & 0x1F0) != 0 ? 120 : 6000;
  value.resize(hash % 2 == 0 ? 8 : 16 + (hash >> 9) % longest);
  test_maps::fill_self_verifying(value, token);
}
inline std::string value_of(std::uint64_t token) {
  std::string value;
  make_value(token, value);
  return value;
}

inline std::uint64_t token_of(const std::optional<std::string>& value) {
  if (!value) return 0;
  EXPECT_TRUE(test_maps::verifies(*value)) << "torn value";
  return test_maps::seed_of(*value);
}

class worker {
 public:
  worker(ledger_map& map, ledger& book, std::uint64_t seed)
      : map_(map), book_(book), random_(seed) {}

  // Until killed, or until an answer is wrong.
  void run() {
    while (!testing::Test::HasFailure())
      step();
  }

  void step() {
    const std::uint64_t standing = book_.next_key - book_.first_key;
    if (standing < 16 || random_.below(100) < 40) {
      if (standing >= ledger::window - 1)
        erase_oldest();
      else
        insert();
      return;
    }
    const std::uint64_t number = book_.first_key + random_.below(standing);
    switch (random_.below(8)) {
      case 0:
      case 1:
        return erase_oldest();
      case 2:
      case 3:
        return store(number);
      case 4:
        return exchange(number);
      case 5:
        return compare_exchange(number);
      case 6:
        return load_and_erase(number);
      default:
        return load(number);
    }
  }

 private:
  std::uint64_t new_token() {
    const std::uint64_t token = (book_.worker << 56) | book_.next_token;
    book_.next_token.store(book_.next_token + 1, std::memory_order_release);
    return token;
  }
  void begin(work what, std::uint64_t number, std::uint64_t token) {
    book_.doing_key.store(number, std::memory_order_release);
    book_.doing_token.store(token, std::memory_order_release);
    book_.doing.store(static_cast<std::uint32_t>(what), std::memory_order_release);
  }
  void end(std::uint64_t number, std::uint64_t token) {
    book_.standing_at(number).store(token, std::memory_order_release);
    book_.doing.store(static_cast<std::uint32_t>(work::none), std::memory_order_release);
    book_.operations.store(book_.operations.load(std::memory_order_relaxed) + 1,
                           std::memory_order_relaxed);
  }

  void insert() {
    const std::uint64_t number = book_.next_key;
    const std::uint64_t token = new_token();
    make_value(token, value_);
    begin(work::insert, number, token);
    map_.store(book_.key(number), value_);
    book_.standing_at(number).store(token, std::memory_order_release);
    book_.next_key.store(number + 1, std::memory_order_release);
    end(number, token);
  }
  void erase_oldest() {
    const std::uint64_t number = book_.first_key;
    const bool present = book_.standing_at(number) != 0;
    begin(work::erase_oldest, number, 0);
    EXPECT_EQ(map_.erase(book_.key(number)), present);
    book_.standing_at(number).store(0, std::memory_order_release);
    book_.first_key.store(number + 1, std::memory_order_release);
    end(number, 0);
  }
  void store(std::uint64_t number) {
    const std::uint64_t token = new_token();
    make_value(token, value_);
    begin(work::store, number, token);
    map_.store(book_.key(number), value_);
    end(number, token);
  }
  void exchange(std::uint64_t number) {
    const std::uint64_t token = new_token();
    make_value(token, value_);
    begin(work::exchange, number, token);
    const auto previous = map_.exchange(book_.key(number), value_);
    EXPECT_EQ(token_of(previous), book_.standing_at(number)) << "exchange gave another value";
    end(number, token);
  }
  void compare_exchange(std::uint64_t number) {
    const std::uint64_t old = book_.standing_at(number);
    const std::uint64_t token = old != 0 ? new_token() : 0;
    make_value(old, expected_);
    make_value(token, value_);
    begin(work::compare_exchange, number, token);
    EXPECT_EQ(map_.compare_exchange(book_.key(number), expected_, value_), old != 0);
    end(number, token);
  }
  void load_and_erase(std::uint64_t number) {
    begin(work::load_and_erase, number, 0);
    const auto previous = map_.load_and_erase(book_.key(number));
    EXPECT_EQ(token_of(previous), book_.standing_at(number)) << "load_and_erase gave another value";
    end(number, 0);
  }
  // Lookups of the newest keys: these are the ones that miss read and promote.
  void load(std::uint64_t number) {
    const std::uint64_t standing = book_.standing_at(number);
    begin(work::load, number, standing);
    for (std::uint64_t i = 0; i < 15; ++i) {
      const std::uint64_t newest = book_.next_key - 1 - i;
      EXPECT_EQ(token_of(map_.load(book_.key(newest))), book_.standing_at(newest));
    }
    end(number, standing);
  }

  ledger_map& map_;
  ledger& book_;
  test_maps::random_source random_;
  std::string value_;
  std::string expected_;
};

// Compares every key of a worker that is gone with its ledger, and settles the ledger by what is
// seen. Expectations fail where something that had returned is lost or something strange appeared.
inline void audit(const ledger_map& map, ledger& book) {
  const auto doing = static_cast<work>(book.doing.load());
  const std::uint64_t in_flight = book.doing_key;
  const bool unsettled = doing != work::none;
  const std::uint64_t next = book.next_key;
  const std::uint64_t from = std::max<std::uint64_t>(book.first_key, 9) - 8;
  for (std::uint64_t number = from; number <= next; ++number) {
    const bool inside = number >= book.first_key && number < next;
    const std::uint64_t expected = inside ? book.standing_at(number).load() : 0;
    const std::uint64_t seen = token_of(map.load(book.key(number)));
    if (unsettled && number == in_flight) {
      // An insert or an erase may have moved the window's edge already; its two outcomes remain.
      const bool one_of_two = seen == expected || seen == book.doing_token ||
                              (doing == work::erase_oldest && seen == book.standing_at(number));
      EXPECT_TRUE(one_of_two) << "worker " << book.worker << " died in "
                              << work_names[static_cast<std::size_t>(doing)] << " of key " << number
                              << ": found token " << seen << ", not " << expected << " nor "
                              << book.doing_token;
      if (inside) book.standing_at(number) = seen;
      if (doing == work::insert && number == next && seen != 0) {
        book.standing_at(number) = seen;
        book.next_key = next + 1;
      }
      if (doing == work::erase_oldest && number == book.first_key && seen == 0)
        book.first_key = number + 1;
      continue;
    }
    EXPECT_EQ(seen, expected) << "worker " << book.worker << ", key " << number << " of "
                              << book.first_key << "…" << next << "; it died in "
                              << work_names[static_cast<std::size_t>(doing)] << " of " << in_flight;
  }
  book.doing = static_cast<std::uint32_t>(work::none);
}

// Keys of the ledger that stand.
inline std::uint64_t standing_keys(ledger& book) {
  std::uint64_t count = 0;
  for (std::uint64_t number = book.first_key; number < book.next_key; ++number)
    count += book.standing_at(number) != 0;
  return count;
}

}  // namespace process_tests
