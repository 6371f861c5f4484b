// What was looked at may be another one when it is acted upon: between any two system calls others
// take the lock, replace the file, give the descriptor's number away. Each test comes in between at
// one place.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <exhaustion/failing_calls.hpp>
#include <platform/toy_map.hpp>
#include <support/names.hpp>
#include <support/touches.hpp>
#include <twinmap/platform/descriptor.hpp>
#include <twinmap/platform/ofd_lock.hpp>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <vector>

namespace exhaustion_test {
namespace {

namespace fs = std::filesystem;
using platform_test::code_of_call;
using platform_test::location_of;
using platform_test::toy_map;
using test_support::scoped_name;
using namespace twinmap::platform;  // NOLINT: the layer under test

class InBetween : public testing::Test {
 protected:
  void SetUp() override {
    if (!calls_can_fail) GTEST_SKIP() << "a sanitizer has its own functions where ours would be";
  }
  void TearDown() override { EXPECT_FALSE(disarm().failed); }

  // This process's descriptors of the lock file.
  std::vector<int> anchors() const {
    std::vector<int> found;
    const auto identity = identity_of(name.lock_file());
    constexpr int most = 64;
    for (int number = 0; identity && number != most; ++number)
      if (is_file(number, *identity)) found.push_back(number);
    return found;
  }
  void give_numbers_away() const {
    const int other = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int number : anchors())
      ::dup2(other, number);
    ::close(other);
  }
  int another_description() const { return ::open(name.lock_file().c_str(), O_RDWR | O_CLOEXEC); }

  const scoped_name name;
};

TEST_F(InBetween, ADescriptorThatBecomesAnotherFilesProvesNobodyDead) {
  toy_map map = toy_map::attach(location_of(name));
  const lease mine = map.take();
  const std::vector<int> numbers = anchors();
  ASSERT_EQ(numbers.size(), 1u);
  const std::function<void()> then = [&] { give_numbers_away(); };
  arm_meanwhile(call::look_at_lock, 1, then);
  EXPECT_FALSE(map.dead(mine.id()));
  disarm();
  EXPECT_EQ(anchors().size(), 0u);
  ::close(numbers.front());
}

TEST_F(InBetween, OfTwoWhoOpenTheLockFileAgainOneClosesItsOwn) {
  toy_map map = toy_map::attach(location_of(name));
  const lease mine = map.take();
  const std::vector<int> numbers = anchors();
  ASSERT_EQ(numbers.size(), 1u);
  give_numbers_away();
  const std::function<void()> then = [&] { EXPECT_FALSE(map.dead(mine.id())); };
  arm_meanwhile(call::open, 1, then);
  EXPECT_FALSE(map.dead(mine.id()));
  disarm();
  EXPECT_EQ(anchors().size(), 1u);
  ::close(numbers.front());
}

// What it gives away is a file in which all bytes are locked.
TEST_F(InBetween, OfTwoWhoOpenTheLockFileAgainNoneTakesAnothersForIt) {
  toy_map map = toy_map::attach(location_of(name));
  const lease mine = map.take();
  const std::vector<int> numbers = anchors();
  ASSERT_EQ(numbers.size(), 1u);
  const std::string aside = name.lock_file().string() + ".aside";
  const int theirs = ::open(aside.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int onlooker = ::open(aside.c_str(), O_RDWR | O_CLOEXEC);
  const std::uint64_t byte = liveness_byte(mine.id());
  ASSERT_TRUE(try_lock_byte(theirs, byte));
  give_numbers_away();
  const std::function<void()> then = [&] {
    EXPECT_EQ(map.locks().probe(byte), byte_state::held);
    for (const int number : anchors())
      ::dup2(onlooker, number);
  };
  arm_meanwhile(call::open, 1, then);
  EXPECT_EQ(map.locks().probe(byte), byte_state::unknown);
  disarm();
  fs::remove(aside);
  ::close(theirs);
  ::close(onlooker);
  ::close(numbers.front());
}

TEST_F(InBetween, AnotherFileOfTheNameIsNotKeptOpen) {
  toy_map map = toy_map::attach(location_of(name));
  const lease mine = map.take();
  const std::vector<int> numbers = anchors();
  give_numbers_away();
  fs::remove(name.lock_file());
  const int another = ::open(name.lock_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const auto open_now = anchors().size();
  for (int i = 0; i != 4; ++i)
    EXPECT_EQ(map.locks().probe(liveness_byte(mine.id())), byte_state::unknown);
  EXPECT_EQ(anchors().size(), open_now);
  ::close(another);
  for (const int number : numbers)
    ::close(number);
}

TEST_F(InBetween, ADescriptorThatBecomesAnotherFilesIsNotOpenedAgain) {
  toy_map map = toy_map::attach(location_of(name));
  const std::vector<int> numbers = anchors();
  ASSERT_EQ(numbers.size(), 1u);
  const std::function<void()> then = [&] { give_numbers_away(); };
  arm_meanwhile(call::open, 1, then);
  const int file = map.locks().open_description();
  const int error = errno;
  disarm();
  EXPECT_EQ(file, -1);
  EXPECT_EQ(error, ESTALE);
  ::close(numbers.front());
}

TEST_F(InBetween, APlatformThatHasNoLocksToGiveIsNoOtherPlatform) {
  arm({.which = call::lock, .error = ENOLCK}, 1);
  const std::error_code failure = code_of_call([] { check_platform("any"); });
  EXPECT_TRUE(disarm().failed);
  arm_nothing();
  EXPECT_EQ(failure, std::error_code(ENOLCK, std::system_category()));
}

TEST_F(InBetween, ALeaseIsNotTakenWhoseBytesSomebodyHas) {
  for (const bool owner : {false, true}) {
    toy_map map = toy_map::attach(location_of(name));
    const int other = another_description();
    ASSERT_TRUE(try_lock_byte(other, owner ? owner_byte(0, 1) : liveness_byte({0, 1})));
    const lease taken = map.take();
    EXPECT_EQ(taken.id(), (lease_id{1, 1}));
    const int onlooker = another_description();
    EXPECT_EQ(byte_is_locked(onlooker, liveness_byte({0, 1})), owner ? 0 : 1);
    ::close(onlooker);
    ::close(other);
    remove_files(location_of(name));
  }
}

TEST_F(InBetween, ALeaseIsNotTakenOfWhichTheIncarnationHasGoneOn) {
  toy_map map = toy_map::attach(location_of(name));
  const std::function<void()> then = [&] { map.directory().record(0).incarnation = 5; };
  constexpr long the_owner_byte = 2;
  arm_meanwhile(call::lock, the_owner_byte, then);
  const lease taken = map.take();
  disarm();
  EXPECT_EQ(taken.id(), (lease_id{1, 1}));
  EXPECT_EQ(map.directory().record(0).incarnation, 5u);
}

TEST_F(InBetween, ALeaseIsNotTakenOfWhichTheLastHolderLivesAfterAll) {
  toy_map map = toy_map::attach(location_of(name));
  const int other = another_description();
  const std::function<void()> then = [&] {
    EXPECT_TRUE(try_lock_byte(other, liveness_byte({0, 0})));
  };
  constexpr long the_owner_byte = 2;
  arm_meanwhile(call::lock, the_owner_byte, then);
  const lease taken = map.take();
  disarm();
  EXPECT_EQ(taken.id(), (lease_id{1, 1}));
  ::close(other);
}

// It is taken then, and not slept for first: that it is free is seen when the bit cannot be set.
TEST_F(InBetween, AMutexThatComesFreeBeforeTheWaitIsTakenWithoutTheKernel) {
  if (!test_support::can_come_between) GTEST_SKIP() << "takes x86's trap flag, and no sanitizer";
  toy_map map = toy_map::attach(location_of(name));
  const lease mine = map.take();
  const lease theirs = map.take();
  auto& word = map.header().mutex_word;
  bool waits = false;  // at the place before, the bit had been set already
  std::size_t place = 0;
  for (; !waits; ++place) {
    word = mutex_layout::owner_word(theirs.id());
    robust_mutex mutex = map.mutex(mine, std::chrono::milliseconds(100));
    std::size_t here = 0;
    arm_nothing();
    test_support::watch_accesses(
        &map.header(), platform_test::toy_page, [&] { mutex.lock(); },
        [&](std::uintptr_t) {
          if (here++ != place) return true;
          waits = (word & mutex_layout::waiter_bit) != 0;
          word = 0;
          return false;
        });
    const long calls = disarm().of[static_cast<std::size_t>(call::futex)];
    EXPECT_TRUE(waits || calls == 0) << "free before access " << place;
    mutex.unlock();
  }
  EXPECT_GT(place, 3u);
}

class InBetweenNames : public InBetween {
 protected:
  segment_file published() const {
    segment_file made = segment_file::create(where, platform_test::toy_size, {});
    EXPECT_TRUE(made.publish(where));
    return made;
  }
  void open_lock(const segment_file& segment, segment_uuid uuid) const {
    lock_file::open(where, segment, uuid, {}, std::chrono::milliseconds(200));
  }
  const map_location where = location_of(name);
};

TEST_F(InBetweenNames, ALockFileIsTakenBackIfItsSegmentLostItsName) {
  const segment_file segment = published();
  const std::function<void()> then = [&] { fs::remove(where.segment_path()); };
  arm_meanwhile(call::link, 1, then);
  const std::error_code failure = code_of_call([&] { open_lock(segment, {1, 1}); });
  disarm();
  EXPECT_EQ(failure, twinmap::errc::not_found);
  EXPECT_FALSE(fs::exists(where.lock_path()));
}

TEST_F(InBetweenNames, ALockFileThatTookTheNameOfALeftOverIsNotRemovedInItsStead) {
  const segment_file segment = published();
  const std::string aside = where.lock_path() + ".aside";
  open_lock(segment, {2, 2});
  fs::rename(where.lock_path(), aside);
  open_lock(segment, {1, 1});
  const auto theirs = identity_of(aside);
  const std::function<void()> then = [&] { fs::rename(aside, where.lock_path()); };
  arm_meanwhile(call::lock, 1, then);
  open_lock(segment, {2, 2});
  disarm();
  EXPECT_EQ(identity_of(where.lock_path()), theirs);
}

}  // namespace
}  // namespace exhaustion_test
