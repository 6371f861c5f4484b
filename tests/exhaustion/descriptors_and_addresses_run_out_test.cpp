// The process's own limits, met for real. Entries, leases, max_bytes and the file system run out in
// processes/a_full_file_system_is_an_error_code.cpp.

#include <gtest/gtest.h>
#include <exhaustion/stage.hpp>
#include <support/child.hpp>
#include <support/privilege.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <new>
#include <thread>

namespace exhaustion_test {
namespace {

struct attempted {
  bool failed = false;
  bool for_want_of_memory = false;  // of the C++ heap
  std::error_code code{};
  std::string text{};
};

template <class Operation>
attempted attempt(Operation operation) {
  try {
    operation();
    return {};
  } catch (const twinmap::error& e) {
    return {.failed = true, .code = e.code(), .text = e.what()};
  } catch (const std::bad_alloc&) {
    return {.failed = true, .for_want_of_memory = true};
  }
}

// Takes all descriptors that the process may have, but a number of them.
class full_table {
 public:
  full_table() {
    const rlimit few{.rlim_cur = 64, .rlim_max = 64};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    leave(0);
  }
  full_table(const full_table&) = delete;
  full_table& operator=(const full_table&) = delete;
  ~full_table() { release(taken_.size()); }
  void leave(std::size_t free) {
    for (int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC); file >= 0;
         file = ::open("/dev/null", O_RDONLY | O_CLOEXEC))
      taken_.push_back(file);
    release(free);
  }

 private:
  void release(std::size_t count) {
    for (; count != 0; --count) {
      ::close(taken_.back());
      taken_.pop_back();
    }
  }
  std::vector<int> taken_;
};

// Everything that a thread with a lease does with an open handle.
void use_everything(stage& at, int round) {
  for (int i = 0; i != 60; ++i)
    at.put("key " + std::to_string(round * 60 + i),
           std::string(static_cast<std::size_t>(i * 60), 'v'));
  twinmap::promote(*at.map);
  at.put("run " + std::to_string(round), std::string(40'000, 'r'));
  ASSERT_TRUE(at.map->erase("key " + std::to_string(round * 60)));
  at.expected.erase("key " + std::to_string(round * 60));
  twinmap::sweep(*at.map);
  ASSERT_EQ(at.difference(), "");
}

void run_in_child(const std::function<void()>& body) {
  test_support::child process([&] { body(); });
  EXPECT_EQ(process.wait(), 0);
}

// Each needs so and so many, asks for them alone, and says so if they are not to be had.
TEST(DescriptorsThatRunOut, AreMissedOnlyByWhoNeedsNewOnes) {
  if (test_support::sanitized) GTEST_SKIP() << "a sanitizer looks at objects through a pipe";
  run_in_child([] {
    stage at;
    at.make_map();
    at.put("a", "1");
    full_table table;
    constexpr std::size_t to_look_around = 10;
    const auto expect_refusal_or = [&](bool refused, const attempted& got, const char* what) {
      EXPECT_EQ(got.failed, refused) << what << ": " << got.text;
      if (!got.failed) return;
      EXPECT_EQ(got.code, std::errc::too_many_files_open) << what << ": " << got.text;
      EXPECT_NE(got.text.find("twinmap '"), std::string::npos) << got.text;
    };
    for (std::size_t free = 0; free != 4; ++free) {
      SCOPED_TRACE(std::to_string(free) + " descriptors are free");
      table.leave(0);
      use_everything(at, static_cast<int>(free));
      table.leave(free);
      const auto in_a_thread = attempt([&] {
        std::exception_ptr thrown;
        std::thread([&] {
          try {
            at.map->store("a", std::to_string(free));
          } catch (...) {
            thrown = std::current_exception();
          }
        }).join();
        if (thrown) std::rethrow_exception(thrown);
        at.expected["a"] = std::to_string(free);
      });
      expect_refusal_or(free < 1, in_a_thread, "the first write of a thread");
      expect_refusal_or(free < 1,
                        attempt([&] { strings(twinmap::open_read_only, at.name, at.options); }),
                        "open_read_only");
      expect_refusal_or(free < 3,
                        attempt([&] { strings(twinmap::open_only, at.name, at.options); }),
                        "open_only");
      // Its first lease is not worth failing for: the map is there.
      expect_refusal_or(free < 2,
                        attempt([&] { strings(twinmap::create_only, "other", at.options); }),
                        "create_only");
      table.leave(to_look_around);
      EXPECT_EQ(at.files().size(), free < 2 ? 2u : 4u);
      EXPECT_EQ(twinmap::remove("other", at.options), free >= 2);
    }
    // Without descriptors nobody could be told that the map is retired: so it stays.
    table.leave(0);
    expect_refusal_or(true, attempt([&] { twinmap::remove(at.name, at.options); }), "remove");
    EXPECT_FALSE(at.map->retired());
    EXPECT_TRUE(twinmap::exists(at.name, at.options));
    table.leave(2);
    EXPECT_TRUE(twinmap::remove(at.name, at.options));
    EXPECT_TRUE(at.map->retired());
  });
}

std::uint64_t address_space_in_use() {
  std::ifstream lines("/proc/self/statm");
  std::uint64_t pages = 0;
  lines >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

TEST(AddressesThatRunOut, AreMissedOnlyByWhoMapsAFile) {
  if (test_support::sanitized) GTEST_SKIP() << "a sanitizer takes all addresses for itself";
  run_in_child([] {
    stage at;
    at.make_map();
    at.put("a", "1");
    use_everything(at, 0);
    bool named = false;
    bool opened = false;
    for (std::uint64_t more = 0; more <= 16u << 20 && !opened; more += 1u << 20) {
      SCOPED_TRACE(std::to_string(more >> 20) + " MiB more");
      const rlimit little{.rlim_cur = address_space_in_use() + more, .rlim_max = RLIM_INFINITY};
      ASSERT_EQ(::setrlimit(RLIMIT_AS, &little), 0);
      const attempted attached = attempt([&] { strings(twinmap::open_only, at.name, at.options); });
      const attempted created =
          attempt([&] { strings(twinmap::create_only, "other", at.options); });
      // A leased thread goes on, also with what lies in the slots.
      const attempted stored = attempt([&] { at.map->store("a", "2"); });
      std::string value(8, '\0');
      const bool loaded = at.map->load("a", value);
      const rlimit all{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
      ASSERT_EQ(::setrlimit(RLIMIT_AS, &all), 0);
      EXPECT_FALSE(stored.failed) << stored.text;
      EXPECT_TRUE(loaded && value == "2");
      at.expected["a"] = "2";
      for (const attempted& one : {attached, created}) {
        if (!one.failed || one.for_want_of_memory) continue;
        EXPECT_EQ(one.code, std::errc::not_enough_memory) << one.text;
        named = named || one.text.find(std::to_string(4u << 20)) != std::string::npos;
      }
      EXPECT_EQ(at.files().contains("twinmap.other"), !created.failed);
      if (!created.failed) twinmap::remove("other", at.options);
      opened = !attached.failed;
    }
    EXPECT_TRUE(opened) << "16 MiB are enough for a map of 4";
    EXPECT_TRUE(named) << "nobody said how many bytes could not be mapped";
    use_everything(at, 1);
  });
}

}  // namespace
}  // namespace exhaustion_test
