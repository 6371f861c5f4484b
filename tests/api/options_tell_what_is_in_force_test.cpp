// options(): the creator's say for the map, this handle's say for itself; info() agrees.
#include <api/fresh_map.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace api_test {
namespace {

using namespace std::chrono_literals;
using number_map = twinmap::map<u64, u64>;

TEST(Options, HaveTheContractsDefaults) {
  const twinmap::options plain;
  EXPECT_EQ(plain.max_bytes, 1u << 30);
  EXPECT_EQ(plain.max_entries, 0u);
  EXPECT_EQ(plain.slot_bytes, 0u);
  EXPECT_EQ(plain.max_writers, 256u);
  EXPECT_EQ(plain.mode, 0600u);
  EXPECT_FALSE(plain.group);
  EXPECT_FALSE(plain.huge_pages);
  EXPECT_TRUE(plain.directory.empty());
  EXPECT_EQ(plain.lock_timeout, 10s);
  EXPECT_FALSE(plain.trusted_owner);
  EXPECT_EQ(plain.on_retired, twinmap::on_retired::fail);
}

TEST(Options, OfTheMapAreTheCreators) {
  const test_support::scoped_name name;
  number_map first(twinmap::create_only, name,
                   {.max_bytes = 32 << 20,
                    .max_entries = 5000,
                    .slot_bytes = 64,
                    .max_writers = 7,
                    .mode = 0640,
                    .group = ::getegid(),
                    .lock_timeout = 3s});
  number_map second(twinmap::open_or_create, name,
                    {.max_bytes = 1 << 20,
                     .max_entries = 1,
                     .slot_bytes = 32,
                     .max_writers = 1,
                     .mode = 0600,
                     .lock_timeout = 250ms,
                     .trusted_owner = 12345,
                     .on_retired = twinmap::on_retired::keep});
  const twinmap::options of_first = first.options();
  const twinmap::options of_second = second.options();
  for (const twinmap::options& o : {of_first, of_second}) {
    EXPECT_EQ(o.max_bytes, 32u << 20);
    EXPECT_GE(o.max_entries, 5000u);
    EXPECT_EQ(o.slot_bytes, 64u);
    EXPECT_EQ(o.max_writers, 7u);
    EXPECT_EQ(o.mode, 0640u);
    EXPECT_EQ(o.group, ::getegid());
    EXPECT_EQ(o.directory, name.directory());
  }
  EXPECT_EQ(of_first.lock_timeout, 3s);
  EXPECT_EQ(of_second.lock_timeout, 250ms);
  EXPECT_EQ(of_second.trusted_owner, 12345u);
  EXPECT_FALSE(of_first.trusted_owner);
  EXPECT_EQ(of_first.on_retired, twinmap::on_retired::fail);
  EXPECT_EQ(of_second.on_retired, twinmap::on_retired::keep);
}

TEST(Options, AgreeWithInfo) {
  const test_support::scoped_name name;
  number_map map(twinmap::create_only, name, {.max_bytes = 32 << 20, .mode = 0640});
  map.store(1, 1);
  const twinmap::map_info info = map.info();
  const twinmap::options options = map.options();
  EXPECT_EQ(info.name, name.str());
  EXPECT_EQ(map.name(), name.str());
  EXPECT_EQ(info.directory, name.directory());
  EXPECT_EQ(info.key_type, "u64");
  EXPECT_EQ(info.entries, 1u);
  EXPECT_EQ(info.bytes_max, 32u << 20);
  EXPECT_EQ(info.max_entries, options.max_entries);
  EXPECT_GT(info.max_entries, 0u);
  EXPECT_EQ(info.slot_bytes, 32u) << "a u64 key needs no more";
  EXPECT_EQ(info.max_writers, 256u);
  EXPECT_EQ(info.writers, 1u);
  EXPECT_EQ(info.owner, ::geteuid());
  EXPECT_EQ(info.mode, 0640u);
  EXPECT_GT(info.bytes_used, 0u);
  EXPECT_GE(info.bytes_committed, info.bytes_used);
  EXPECT_LT(info.bytes_committed, info.bytes_max);
  EXPECT_FALSE(info.retired);
  EXPECT_TRUE(info.error.empty());
  EXPECT_EQ(info.uuid.size(), 32u);
  const auto age = std::chrono::system_clock::now().time_since_epoch() -
                   std::chrono::nanoseconds(info.created_at);
  EXPECT_GE(age, 0s);
  EXPECT_LT(age, 1min);
}

// Exact whatever the umask, for both files.
TEST(Options, ModeIsExact) {
  const mode_t before = ::umask(0077);
  const test_support::scoped_name name;
  std::error_code code;
  const number_map map(twinmap::create_only, name, {.max_bytes = 16 << 20, .mode = 0664}, code);
  ::umask(before);
  ASSERT_FALSE(code) << code.message();
  struct stat file {};
  ASSERT_EQ(::stat(name.segment_file().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0664u);
}

// $TWINMAP_DIR for the length of a scope.
class scoped_environment {
 public:
  explicit scoped_environment(const std::string& directory) {
    if (const char* const now = std::getenv("TWINMAP_DIR")) before_ = now;
    ::setenv("TWINMAP_DIR", directory.c_str(), 1);
  }
  scoped_environment(const scoped_environment&) = delete;
  scoped_environment& operator=(const scoped_environment&) = delete;
  ~scoped_environment() {
    if (before_)
      ::setenv("TWINMAP_DIR", before_->c_str(), 1);
    else
      ::unsetenv("TWINMAP_DIR");
  }

 private:
  std::optional<std::string> before_;
};

TEST(Options, DirectoryComesFromTheEnvironmentIfNotGiven) {
  const test_support::scoped_directory place;
  {
    const scoped_environment elsewhere(place.path());
    const number_map map(twinmap::create_only, "from-environment", {.max_bytes = 16 << 20});
    EXPECT_EQ(map.options().directory, place.path());
    EXPECT_TRUE(twinmap::exists("from-environment"));
  }
  EXPECT_FALSE(twinmap::exists("from-environment"));
  EXPECT_TRUE(std::filesystem::exists(place / "twinmap.from-environment"));
  EXPECT_TRUE(twinmap::exists("from-environment", {.directory = place.path()}));
}

}  // namespace
}  // namespace api_test
