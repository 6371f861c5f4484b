// P6: whoever may write the file writes whatever he likes into it, wherever he likes, without
// respite, while others read. Only the file's length stays (P7).

#include "ordeal.hpp"

#include <gtest/gtest.h>
#include <maps/self_verifying.hpp>
#include <support/child.hpp>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/protocol/reader.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

namespace garbage_tests {
namespace {

struct scene {
  std::atomic<unsigned> attached{0};
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> rounds{0};
  std::array<call_record, 2> readers{};
};

// Now and then what was sound is put back, so that readers get further than the first root.
void scribble(image& map, std::uint64_t seed, std::chrono::steady_clock::time_point until,
              tally& words) {
  test_maps::random_source random(seed);
  for (std::uint64_t i = 0; std::chrono::steady_clock::now() < until; ++i) {
    for (const edit& one : drawn_damage(0, random()).edits)
      if (one.where != place::file) map.spoil_further(one, words);
    if (random.below(8) == 0) map.restore();
  }
}

class HostileWriter : public testing::TestWithParam<std::uint8_t> {};

TEST_P(HostileWriter, HarmsNoReader) {
  image map(GetParam());
  const test_support::shared_page<scene> shared;
  const auto read = [&](std::size_t i) {
    return std::make_unique<test_support::child>([&, i] {
      call_log log(shared->readers[i]);
      log.let_calls_change_the_map(true);  // what takes 2^20 attempts against a writer takes long
      shared->rounds += read_until(map, log, shared->attached, shared->done);
    });
  };
  const auto first = read(0);
  const auto second = read(1);
  // Who cannot attach reads nothing.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (shared->attached != 2 && std::chrono::steady_clock::now() < patience)
    std::this_thread::yield();
  ASSERT_EQ(shared->attached, 2u);
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds(test_support::rounds(2, 60));
  tally words{};
  scribble(map, GetParam(), until, words);
  shared->done = true;
  for (const auto& reader : {first.get(), second.get()})
    EXPECT_EQ(reader->wait(std::chrono::minutes(2)), 0);
  std::uint64_t calls = 0;
  std::uint64_t retries = 0;
  for (const call_record& record : shared->readers) {
    calls += record.calls;
    retries = std::max(retries, record.most_retries);
    for (std::uint32_t i = 0; i != record.found; ++i)
      ADD_FAILURE() << record.findings[i].call.data() << " " << record.findings[i].what.data();
  }
  EXPECT_GT(calls, 1000u);
  EXPECT_GT(retries, 0u) << "nobody was disturbed";
  EXPECT_LE(retries, twinmap::protocol::max_retries);
  std::cout << victims()[GetParam()].name << ": " << calls << " calls in " << shared->rounds
            << " rounds, at most " << retries << " retries in one\n";
}

INSTANTIATE_TEST_SUITE_P(Of, HostileWriter,
                         testing::Values(number_of_victim("NumbersWithDirty"),
                                         number_of_victim("TextsWithStandby"),
                                         number_of_victim("TextsHuge")),
                         [](const auto& each) { return std::string(victims()[each.param].name); });

}  // namespace
}  // namespace garbage_tests
