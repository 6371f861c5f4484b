// With the daemon, memory that values no longer need goes back to the system within seconds, and no
// reader sees it go.
#include <sys/stat.h>
#include <support/privilege.hpp>
#include <support/shared_page.hpp>
#include <twinmap/map.hpp>

#include <atomic>
#include <csignal>
#include <cstring>

#include "running_daemon.hpp"

namespace daemon_test {
namespace {

using test_support::child;
using test_support::eventually;
using values = twinmap::map<std::uint64_t, std::string>;

std::string value_of(std::uint64_t key) {
  std::string value(4096, static_cast<char>('a' + key % 26));
  std::memcpy(value.data(), &key, sizeof key);
  return value;
}

class erased_values : public ::testing::Test {
 protected:
  std::uint64_t resident_bytes() const {
    struct stat facts {};
    ::stat((place_.maps() + "/twinmap.m").c_str(), &facts);
    return static_cast<std::uint64_t>(facts.st_blocks) * 512;
  }

  place place_;
};

TEST_F(erased_values, GiveTheirMemoryBackWithinTenSeconds) {
  const std::uint64_t keys = test_support::rounds<std::uint64_t>(10000, 200000);
  const twinmap::options here{.max_bytes = 2ull << 30, .directory = place_.maps()};
  const running_daemon daemon(place_);
  values map(twinmap::create_only, "m", here);
  ASSERT_TRUE(daemon.cares_for("m"));
  for (std::uint64_t key = 0; key != keys; ++key)
    map.store(key, value_of(key));
  const std::uint64_t peak = resident_bytes();
  ASSERT_GT(peak, keys * 4096);
  struct tally {
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> found{0}, wrong{0};
  };
  const test_support::shared_page<tally> seen;
  child reader([&] {
    const values view(twinmap::open_read_only, "m", here);
    for (std::uint64_t key = 0; !seen->stop.load(); key = (key + 7919) % keys) {
      const std::optional<std::string> value = view.load(key);
      if (!value) continue;
      ++seen->found;
      if (*value != value_of(key)) ++seen->wrong;
    }
  });
  for (std::uint64_t key = 0; key != keys; ++key)
    if (key % 20 != 0) map.erase(key);
  EXPECT_TRUE(eventually([&] { return resident_bytes() * 4 < peak; }, std::chrono::seconds(10)))
      << resident_bytes() << " of " << peak;
  seen->stop.store(true);
  EXPECT_EQ(reader.wait(), 0);
  EXPECT_GT(seen->found.load(), 0u);
  EXPECT_EQ(seen->wrong.load(), 0u);
  for (std::uint64_t key = 0; key < keys; key += 20)
    ASSERT_EQ(map.load(key), value_of(key));
  EXPECT_GT(daemon.map("m").at("care").at("bytes_given_back").get<std::uint64_t>(), peak / 2);
}

}  // namespace
}  // namespace daemon_test
