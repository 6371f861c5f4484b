// A program that closes descriptors that are not its own, as daemons do when they start, keeps its
// maps.
//
// What goes on without any descriptor: lookups, all operations of threads that have a lease, also
// where the map grows (its mapping stays, and memory is populated through that). What opens a file
// again, by its name: a thread's first write, and whoever has to find out whether a holder of the
// mutex is dead. Once the name has been removed that fails, and whoever is in doubt counts as
// alive. And whatever file has a descriptor's number by then is never used.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <lifecycle/whole_map.hpp>
#include <maps/mutex_watch.hpp>
#include <support/child.hpp>
#include <support/names.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace lifecycle_test {
namespace {

constexpr int first_of_others = 3;

void close_all_descriptors() {
  if (::syscall(SYS_close_range, first_of_others, ~0u, 0) == 0) return;
  for (int file = first_of_others; file != 1024; ++file)  // Linux before 5.9
    ::close(file);
}

// Files that take the numbers of those that were closed.
class foreign_files {
 public:
  explicit foreign_files(const std::filesystem::path& directory) : directory_(directory) {
    constexpr int many = 40;
    for (int i = 0; i != many; ++i) {
      std::ofstream(path(i), std::ios::binary) << content(i);
      open_.push_back(::open(path(i).c_str(), O_RDWR | O_CLOEXEC));
      struct stat status {};
      EXPECT_EQ(::fstat(open_.back(), &status), 0);
      inodes_.push_back(status.st_ino);
    }
    EXPECT_EQ(open_.front(), first_of_others) << "they are to have the very numbers";
  }
  ~foreign_files() {
    for (const int file : open_)
      ::close(file);
  }
  foreign_files(const foreign_files&) = delete;
  foreign_files& operator=(const foreign_files&) = delete;

  // Open, as they were, and nowhere locked.
  void expect_untouched() const {
    for (std::size_t i = 0; i != open_.size(); ++i) {
      struct stat status {};
      ASSERT_EQ(::fstat(open_[i], &status), 0) << "number " << open_[i] << " was closed";
      EXPECT_EQ(status.st_ino, inodes_[i]) << "number " << open_[i] << " is another file";
      std::ifstream file(path(static_cast<int>(i)), std::ios::binary);
      const std::string found{std::istreambuf_iterator<char>(file), {}};
      EXPECT_EQ(found, content(static_cast<int>(i)));
      EXPECT_FALSE(is_locked(static_cast<int>(i))) << "number " << open_[i] << " was locked";
    }
  }

 private:
  std::string path(int i) const { return directory_ / ("foreign" + std::to_string(i)); }
  static std::string content(int i) {
    return std::string(100 + static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
  }
  bool is_locked(int i) const {
    const int other = ::open(path(i).c_str(), O_RDWR | O_CLOEXEC);
    struct flock all {};
    all.l_type = F_WRLCK;
    EXPECT_EQ(::fcntl(other, F_OFD_GETLK, &all), 0);
    ::close(other);
    return all.l_type != F_UNLCK;
  }

  std::filesystem::path directory_;
  std::vector<int> open_;
  std::vector<ino_t> inodes_;
};

constexpr std::uint64_t old_keys = 500;

class ClosedDescriptors : public testing::Test {
 protected:
  // What a program that has attached before does after it has closed all its descriptors, in a
  // child.
  void in_a_program(const std::function<void(text_map&)>& body) {
    test_support::child program([&] {
      text_map map(twinmap::create_only, name, {.max_bytes = 32u << 20, .max_writers = 8});
      for (std::uint64_t key = 0; key != old_keys; ++key)
        map.store(key, value(key));
      body(map);
    });
    EXPECT_EQ(program.wait(), 0);
  }
  static std::string value(std::uint64_t key) { return std::string(key % 700, 'v'); }
  static void expect_old_values(const text_map& map) {
    for (std::uint64_t key = 0; key != old_keys; ++key)
      ASSERT_EQ(map.load(key), value(key)) << key;
  }
  // Each member, in the thread that has a lease, and so that the map grows in every region.
  static void go_on(text_map& map, std::uint64_t from) {
    const std::uint64_t before = map.info().bytes_max;
    for (std::uint64_t key = from; key != from + 8'000; ++key)
      map.store(key, value(key));
    map.store(from, std::string(300'000, 'r'));
    EXPECT_TRUE(twinmap::promote(map));
    EXPECT_TRUE(map.erase(from));
    EXPECT_EQ(map.exchange(from + 1, "x"), value(from + 1));
    twinmap::heap_keeper keeper(map);
    while (keeper.gather_some(10'000)) {
    }
    keeper.give_back(std::chrono::nanoseconds(0));
    twinmap::commit_ahead(map, 2u << 20);
    twinmap::sweep(map);
    EXPECT_EQ(map.info().bytes_max, before);
    EXPECT_EQ(twinmap::check(map).findings, std::vector<std::string>{});
    for (std::uint64_t key = from + 2; key != from + 8'000; ++key)
      ASSERT_EQ(map.load(key), value(key)) << key;
    expect_old_values(map);
  }
  static void write_in_a_new_thread(text_map& map, std::uint64_t key) {
    std::thread([&] {
      map.store(key, "from a new thread");
      EXPECT_EQ(twinmap::writers(map).size(), 2u);
    }).join();
    EXPECT_EQ(map.load(key), "from a new thread");
  }

  const test_support::scoped_name name;
  const test_support::scoped_directory directory;
};

TEST_F(ClosedDescriptors, AreMissedByNoOperation) {
  in_a_program([&](text_map& map) {
    close_all_descriptors();
    expect_old_values(map);
    go_on(map, 100'000);
    write_in_a_new_thread(map, 1'000'000);
    text_map again(twinmap::open_only, name);
    expect_old_values(again);
    again.store(1'000'001, "through another handle");
    EXPECT_EQ(map.load(1'000'001), "through another handle");
  });
  expect_whole(name);
}

TEST_F(ClosedDescriptors, WhoseNumbersOthersHaveHarmNoneOfThose) {
  in_a_program([&](text_map& map) {
    close_all_descriptors();
    foreign_files others(directory.path());
    expect_old_values(map);
    go_on(map, 100'000);
    others.expect_untouched();
    write_in_a_new_thread(map, 1'000'000);
    others.expect_untouched();
    go_on(map, 200'000);
    map.close();
    others.expect_untouched();
  });
  expect_whole(name);
}

// The file that has the number may be one of the library's own, of another map.
TEST_F(ClosedDescriptors, WhoseNumbersAnotherMapHasHarmNotThat) {
  const test_support::scoped_name other_name;
  in_a_program([&](text_map& map) {
    close_all_descriptors();
    text_map other(twinmap::create_only, other_name, {.max_bytes = 4u << 20, .max_writers = 4});
    other.store(1, "one");
    const auto resident = other.info().bytes_committed;
    go_on(map, 100'000);
    write_in_a_new_thread(map, 1'000'000);
    EXPECT_EQ(other.info().bytes_committed, resident);
    map.close();
    std::thread([&] { other.store(2, "two"); }).join();
    EXPECT_EQ(other.load(1), "one");
    EXPECT_EQ(other.load(2), "two");
    expect_free_leases(other, 3);
  });
  expect_whole(name);
  expect_whole(other_name);
}

TEST_F(ClosedDescriptors, StillLetTheMutexBeTakenFromTheDead) {
  in_a_program([&](text_map& map) {
    const raw_text_map inspector(attach_mode::open_read_only, name);
    test_support::child holder([&] {
      text_map own(twinmap::open_only, name);
      test_maps::insert_for_ever(own, "inserting");
    });
    ASSERT_TRUE(test_maps::stop_with_mutex(holder, inspector.raw(), true));
    close_all_descriptors();
    const foreign_files others(directory.path());
    text_map impatient(twinmap::open_only, name, {.lock_timeout = std::chrono::milliseconds(300)});
    std::error_code code;
    impatient.store(77, "new", code);
    impatient.store(2'000'000, "new", code);
    EXPECT_EQ(code, twinmap::errc::lock_timeout) << "its stopped holder looked dead";
    holder.kill(SIGKILL);
    holder.wait();
    const auto begin = std::chrono::steady_clock::now();
    map.store(2'000'000, "new");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
    EXPECT_EQ(map.stats(false).take_overs, 1u);
    others.expect_untouched();
  });
  expect_whole(name);
}

// Nothing leads to the lock file any more.
TEST_F(ClosedDescriptors, OfARemovedMapCostNewWritersTheirLease) {
  in_a_program([&](text_map&) {
    text_map map(twinmap::open_only, name, {.on_retired = twinmap::on_retired::keep});
    map.store(1, value(1));
    EXPECT_TRUE(twinmap::remove(name));
    close_all_descriptors();
    const foreign_files others(directory.path());
    expect_old_values(map);
    map.store(2, value(2));
    map.store(100'000, "new");
    std::thread([&] {
      std::error_code code;
      map.store(3, "of a new thread", code);
      EXPECT_TRUE(code);
      EXPECT_EQ(map.load(3), value(3));
    }).join();
    expect_old_values(map);
    EXPECT_EQ(map.load(100'000), "new");
    map.close();
    others.expect_untouched();
  });
}

}  // namespace
}  // namespace lifecycle_test
