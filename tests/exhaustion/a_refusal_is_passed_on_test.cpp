// P7: what the system refuses is said as it is, at the place where it is refused. Not taken for
// another refusal, and not for success.

#include <gtest/gtest.h>
#include <exhaustion/failing_calls.hpp>
#include <platform/toy_map.hpp>
#include <support/names.hpp>
#include <twinmap/map.hpp>
#include <twinmap/platform/new_file.hpp>

#include <cerrno>
#include <chrono>
#include <functional>
#include <new>

namespace exhaustion_test {
namespace {

using namespace twinmap::platform;  // NOLINT: the layer under test
using namespace std::chrono_literals;
using numbers = twinmap::map<std::uint64_t, std::uint64_t>;

class Refusal : public testing::Test {
 protected:
  void SetUp() override {
    if (!calls_can_fail) GTEST_SKIP() << "a sanitizer has its own functions where ours would be";
  }
  void TearDown() override {
    refuse_nameless_files(false);
    disarm();
  }
  static void expect_passed_on(const failure& what, long nth, const std::function<void()>& body) {
    SCOPED_TRACE(to_string(what, nth));
    arm(what, nth);
    const std::error_code code = platform_test::code_of_call(body);
    EXPECT_TRUE(disarm().failed) << "the call was not made";
    EXPECT_EQ(code, twinmap::code_of(what.error));
  }
  // One that nobody gives its name.
  void make_file() const {
    new_file made = make_new_file(name.str(), name.segment_file().string(), {});
    drop_temporary_name(made.temporary_path);
  }

  const test_support::scoped_name name;
};

TEST_F(Refusal, OfAdviceIsNotTakenForAPlatformThatHasNone) {
  for (const long nth : {1, 2})
    expect_passed_on({.which = call::madvise, .error = ENOMEM}, nth,
                     [this] { check_platform(name.str()); });
}

TEST_F(Refusal, OfADescriptorIsNotTakenForAFileSystemWithoutNamelessFiles) {
  expect_passed_on({.which = call::open, .error = EMFILE}, 1, [this] { make_file(); });
}

TEST_F(Refusal, OfADescriptorIsNotTakenForATemporaryNameThatIsTaken) {
  refuse_nameless_files(true);
  expect_passed_on({.which = call::open, .error = EMFILE}, 2, [this] { make_file(); });
  arm({.which = call::open, .error = EEXIST}, 2);
  make_file();
  EXPECT_TRUE(disarm().failed);
}

TEST_F(Refusal, OfADirectoryIsNotTakenForItsEnd) {
  const test_support::scoped_directory place;
  const twinmap::options there{.max_bytes = 4u << 20, .directory = place.path()};
  const numbers first(twinmap::create_only, "first", there);
  for (const long nth : {1, 3})
    expect_passed_on({.which = call::readdir, .error = EIO}, nth, [&] { twinmap::list(there); });
}

// A seed that everybody knows would be no protection against chosen keys.
TEST_F(Refusal, OfRandomnessEndsACreation) {
  for (const long nth : {1, 2})
    expect_passed_on({.which = call::random, .error = ENOSYS}, nth, [this] {
      const numbers made(twinmap::create_only, name, {.max_bytes = 4u << 20});
    });
}

// Only a byte that was seen to be free proves a death: who cannot look waits.
TEST_F(Refusal, OfALookAtALockProvesNobodyDead) {
  auto map = platform_test::toy_map::attach(platform_test::location_of(name));
  const lease owner = map.take();
  const lease other = map.take();
  map.mutex(owner).lock();
  robust_mutex theirs = map.mutex(other, 300ms);
  arm({.which = call::look_at_lock, .error = ENOLCK, .lasting = true}, 1);
  EXPECT_FALSE(map.dead(owner.id()));
  EXPECT_FALSE(theirs.try_lock());
  EXPECT_EQ(platform_test::code_of_call([&] { theirs.lock(); }), twinmap::errc::lock_timeout);
  EXPECT_TRUE(disarm().failed);
  EXPECT_EQ(theirs.holder(), owner.id());
}

// P7: an empty map has all the memory that it begins with, or is none.
TEST_F(Refusal, OfMemoryEndsACreationAtEachOfItsRegions) {
  long regions = 0;
  for (bool refused = true; refused; ++regions) {
    const test_support::scoped_name another;
    arm({.which = call::fallocate, .error = ENOSPC}, regions + 1);
    const std::error_code code = platform_test::code_of_call(
        [&] { const numbers made(twinmap::create_only, another, {.max_bytes = 4u << 20}); });
    refused = disarm().failed;
    EXPECT_EQ(code, refused ? make_error_code(twinmap::errc::no_space) : std::error_code())
        << "region " << regions;
  }
  EXPECT_GT(regions, 5);
}

// Who makes the map goes on without a lease for now; who opens it is told. Here there is none to be
// had, and to say that takes memory too.
TEST_F(Refusal, OfMemoryEndsAnOpenAtEachOfItsAllocations) {
  const twinmap::options small{.max_bytes = 4u << 20, .max_writers = 1};
  const numbers first(twinmap::create_only, name, small);
  bool refused = true;
  for (long nth = 1; refused; ++nth) {
    bool threw = false;
    arm({.which = call::allocation}, nth);
    try {
      const numbers second(twinmap::open_only, name, small);
    } catch (const std::bad_alloc&) {
      threw = true;
    }
    refused = disarm().failed;
    EXPECT_EQ(threw, refused) << "allocation " << nth;
  }
}

}  // namespace
}  // namespace exhaustion_test
