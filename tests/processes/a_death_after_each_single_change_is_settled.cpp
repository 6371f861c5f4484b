// P4, systematically: random kills seldom meet the few instructions between two stores that belong
// together. Here a process is single-stepped through one operation, and killed right after the n-th
// instruction that changed the segment, for every n (in the usual form not for each of the later
// ones). Whatever it leaves, the next ones settle it.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <maps/raw_map.hpp>
#include <support/child.hpp>
#include <support/names.hpp>
#include <support/privilege.hpp>
#include <twinmap/protocol/gather.hpp>
#include <twinmap/protocol/heap_care.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace process_tests {
namespace {

using test_maps::attach_mode;
using map_type = test_maps::raw_map<std::string, std::string>;
using contents = std::map<std::string, std::string>;

const std::string long_key = "a key that does not fit into a slot " + std::string(60, 'k');
const std::string short_value = "short";
const std::string block_value(100, 'b');
const std::string other_block(300, 'o');
const std::string large_value(5000, 'l');  // twelve to a chunk

std::string key_of(int i) {
  return "key " + std::to_string(i);
}

test_maps::raw_settings one_by_one() {
  test_maps::raw_settings settings;
  settings.max_bytes = 2u << 20;
  settings.miss_batch = 1;
  return settings;
}

// A map is prepared; then one process does `run`, which changes at most `key`.
struct scenario {
  const char* name;
  std::string key;
  std::optional<std::string> after;  // what stands under `key` if the operation took place
  std::function<void(map_type&, contents&)> prepare;
  std::function<void(map_type&)> run;
  int thinning = 12;  // in the usual form, after n changes the next n / thinning are passed over
};

void store(map_type& map, contents& all, int first, int last) {
  for (int i = first; i < last; ++i) {
    const std::string& value = i % 3 == 0 ? block_value : short_value;
    map.store(key_of(i), value);
    all[key_of(i)] = value;
  }
}

void erase(map_type& map, contents& all, int first, int last) {
  for (int i = first; i < last; ++i) {
    map.erase(key_of(i));
    all.erase(key_of(i));
  }
}

void fill_read(map_type& map, contents& all) {
  store(map, all, 0, 12);
  map.promote();
}

// Read holds ten expunged slots, dirty two live ones and a new key.
void expunge(map_type& map, contents& all) {
  fill_read(map, all);
  erase(map, all, 0, 10);
  store(map, all, 20, 21);
}

// Three chunks with one value in each but the first, which has two.
void scatter(map_type& map, contents& all) {
  constexpr int keys = 36;
  for (int i = 0; i < keys; ++i) {
    map.store(key_of(30 + i), large_value);
    all[key_of(30 + i)] = large_value;
  }
  for (int i = 0; i < keys; ++i)
    if (i % 12 != 5 && i != 0) erase(map, all, 30 + i, 31 + i);
}

void gather(map_type& map) {
  twinmap::protocol::gatherer gatherer(map.raw());
  while (gatherer.some(1000)) {
  }
}

void give_back(map_type& map) {
  twinmap::protocol::chunk_ages(map.raw()).give_back(std::chrono::nanoseconds{0}, 0);
}

const std::vector<scenario> scenarios{
    {"FirstInsertAfterAPromotion", "new", block_value, fill_read,
     [](map_type& map) { map.store("new", block_value); }},
    {"InsertIntoDirty", "new", short_value,
     [](map_type& map, contents& all) {
       fill_read(map, all);
       store(map, all, 12, 14);
     },
     [](map_type& map) { map.store("new", short_value); }},
    {"InsertOfALongKey", long_key, short_value, fill_read,
     [](map_type& map) { map.store(long_key, short_value); }},
    {"InsertWithACompactingBuild", "new", short_value,
     [](map_type& map, contents& all) {
       fill_read(map, all);
       erase(map, all, 0, 10);
     },
     [](map_type& map) { map.store("new", short_value); }},
    {"InsertThatReapsExpungedSlots", "new", short_value,
     [](map_type& map, contents& all) {
       expunge(map, all);
       map.promote();
     },
     [](map_type& map) { map.store("new", short_value); }},
    {"RevivalOfAnExpungedKey", key_of(4), block_value, expunge,
     [](map_type& map) { map.store(key_of(4), block_value); }},
    {"Promotion", key_of(13), short_value,
     [](map_type& map, contents& all) {
       fill_read(map, all);
       store(map, all, 12, 14);
     },
     [](map_type& map) {
       for (int i = 0; i < 14; ++i)
         map.load(key_of(13));
     }},
    {"InsertBesideAStandby", "new", short_value,
     [](map_type& map, contents& all) {
       fill_read(map, all);
       store(map, all, 12, 14);
       map.prepare_standby();
     },
     [](map_type& map) { map.store("new", short_value); }},
    {"CopyOfAStandby", "new", short_value,
     [](map_type& map, contents& all) {
       fill_read(map, all);
       store(map, all, 12, 14);
     },
     [](map_type& map) {
       map.prepare_standby();
       map.store("new", short_value);
     }},
    {"PromotionWithAStandby", "new", block_value,
     [](map_type& map, contents& all) {
       fill_read(map, all);
       store(map, all, 12, 14);
       map.prepare_standby();
       store(map, all, 14, 16);
     },
     [](map_type& map) {
       map.promote();
       map.store("new", block_value);
     }},
    {"RevivalOfAnExpungedKeyBesideAStandby", key_of(4), block_value,
     [](map_type& map, contents& all) {
       expunge(map, all);
       map.prepare_standby();
     },
     [](map_type& map) {
       map.store(key_of(4), block_value);
       map.promote();
     }},
    {"Compaction", "new", short_value,
     [](map_type& map, contents& all) {
       fill_read(map, all);
       erase(map, all, 0, 10);
     },
     [](map_type& map) {
       map.compact();
       map.store("new", short_value);
     }},
    {"StoreOfAnotherBlock", key_of(3), other_block, fill_read,
     [](map_type& map) { map.store(key_of(3), other_block); }},
    {"EraseOfABlock", key_of(3), std::nullopt, fill_read,
     [](map_type& map) { map.erase(key_of(3)); }},
    {"GatheringOfScatteredValues", "none", std::nullopt, scatter, gather, 3},  // each run is long
    {"GivingBackOfFreeChunks", "none", std::nullopt,
     [](map_type& map, contents& all) {
       scatter(map, all);
       gather(map);
     },
     give_back},
    {"StoreIntoAChunkThatWasGivenBack", "new", other_block,
     [](map_type& map, contents& all) {
       scatter(map, all);
       gather(map);
       give_back(map);
     },
     [](map_type& map) { map.store("new", other_block); }},
    {"CommittingAhead", "none", std::nullopt,
     [](map_type& map, contents& all) {
       scatter(map, all);
       gather(map);
       give_back(map);
     },
     [](map_type& map) { twinmap::protocol::commit_ahead(map.raw(), 256u << 10); }},
};

// What is watched for changes: the header behind its constant part, and the beginning of each
// region that a small map uses.
class watched_bytes {
 public:
  explicit watched_bytes(const map_type& map) : view_(map.raw().view) {
    const auto& constant = view_.header->constant;
    constexpr std::size_t roots = offsetof(twinmap::storage::segment_header, roots);
    add(roots, offsetof(twinmap::storage::segment_header, totals) - roots);
    add(constant.chunk_table.offset, 512);
    const std::uint64_t pairs = sizeof(twinmap::platform::atomic_pair) << view_.heap.pairs_shift;
    for (std::uint64_t chunk = 0; chunk != 8; ++chunk)
      add(constant.owners.offset + chunk * pairs, 512);
    add(constant.slots.offset, 4096);
    changed();
  }
  // Since the last call.
  bool changed() {
    bool any = false;
    for (range& one : ranges_) {
      if (std::memcmp(one.seen.data(), one.live, one.seen.size()) == 0) continue;
      std::memcpy(one.seen.data(), one.live, one.seen.size());
      any = true;
    }
    return any;
  }

 private:
  struct range {
    const std::byte* live;
    std::vector<std::byte> seen;
  };
  void add(std::uint64_t offset, std::size_t length) {
    ranges_.push_back({reinterpret_cast<const std::byte*>(view_.header) + offset,
                       std::vector<std::byte>(length)});
  }

  const twinmap::storage::segment_view& view_;
  std::vector<range> ranges_;
};

// Memory that there is behind the file, and how much of it the map counts on: what it says to be
// resident without being it would be SIGBUS on a full file system.
std::uint64_t memory_of(const test_support::scoped_name& name) {
  struct stat status {};
  EXPECT_EQ(::stat(name.segment_file().c_str(), &status), 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

std::uint64_t counted_on(const map_type& map) {
  const auto& view = map.raw().view;
  const auto& constant = view.header->constant;
  const auto pages = [&](std::uint64_t length) {
    return (length + constant.page_size - 1) / constant.page_size * constant.page_size;
  };
  std::uint64_t sum = constant.hashes.offset + pages(view.resident_slots() * 4) +
                      pages(view.resident_slots() << view.slot_shift) +
                      pages(view.resident_chunks() * sizeof(twinmap::storage::chunk_record));
  for (std::uint32_t chunk = 0; chunk != view.resident_chunks(); ++chunk) {
    sum += pages(view.resident_pairs(chunk) * sizeof(twinmap::platform::atomic_pair));
    if (view.resident(chunk)) sum += view.heap.chunk_bytes();
  }
  return sum;
}

class stepped_process {
 public:
  stepped_process(const std::string& name, const scenario& what)
      : child_([&name, &what] {
          map_type own(attach_mode::open_only, name, one_by_one());
          own.store(key_of(11), short_value);  // takes the lease
          if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
            throw std::system_error(errno, std::system_category(), "ptrace");
          ::raise(SIGSTOP);
          what.run(own);
          ::_exit(0);
        }) {
    int status = 0;
    ::waitpid(child_.pid(), &status, 0);
    ::ptrace(PTRACE_SETOPTIONS, child_.pid(), nullptr, PTRACE_O_EXITKILL);
  }
  // One instruction. False if the process ended instead.
  bool step() {
    if (::ptrace(PTRACE_SINGLESTEP, child_.pid(), nullptr, nullptr) != 0) return false;
    siginfo_t info = {};
    if (::waitid(P_PID, static_cast<id_t>(child_.pid()), &info, WSTOPPED | WEXITED | WNOWAIT) != 0)
      return false;
    if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED) return false;
    int status = 0;
    return ::waitpid(child_.pid(), &status, 0) == child_.pid();
  }
  void kill() { child_.kill(SIGKILL); }
  test_support::outcome wait() { return child_.wait(); }

 private:
  test_support::child child_;
};

class Death : public testing::TestWithParam<std::size_t> {
 protected:
  static const scenario& the_scenario() { return scenarios[GetParam()]; }

  // The key's value before or after the operation; all others as they were. Returns what was seen.
  static std::optional<std::string> audit(const map_type& map, const contents& before) {
    const scenario& what = the_scenario();
    for (const auto& [key, value] : before) {
      if (key != what.key) {
        EXPECT_EQ(map.load(key), value) << key;
      }
    }
    for (int i = 0; i < 12; ++i) {
      if (!before.contains(key_of(i)) && key_of(i) != what.key) {
        EXPECT_EQ(map.load(key_of(i)), std::nullopt) << "came back: " << key_of(i);
      }
    }
    const auto found = before.find(what.key);
    const auto old = found == before.end() ? std::nullopt : std::optional(found->second);
    const auto seen = map.load(what.key);
    EXPECT_TRUE(seen == old || seen == what.after) << seen.value_or("absent");
    return seen;
  }

  // False if the operation makes fewer than `n` changes: it then ran to its end.
  static bool die_after_change(int n) {
    const test_support::scoped_name name;
    map_type map(attach_mode::create_only, name, one_by_one());
    contents all;
    the_scenario().prepare(map, all);
    map.store(key_of(11), short_value);
    all[key_of(11)] = short_value;

    stepped_process victim(name, the_scenario());
    watched_bytes watched(map);
    bool alive = true;
    for (int changes = 0; alive && changes != n;) {
      alive = victim.step();
      changes += watched.changed();
    }
    victim.kill();
    victim.wait();

    const map_type reader(attach_mode::open_read_only, name, one_by_one());
    const auto seen = audit(reader, all);
    const auto begin = std::chrono::steady_clock::now();
    map.store("next", "insert");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
    EXPECT_EQ(reader.load("next"), "insert") << "an insert that returned is not found";
    EXPECT_EQ(audit(reader, all), seen) << "un-seen after the next insert";
    EXPECT_GE(memory_of(name), counted_on(map)) << "what seems resident is not";
    map.store("and the next", "insert");
    map.promote();
    EXPECT_EQ(audit(reader, all), seen) << "un-seen after a promotion";
    EXPECT_EQ(reader.load("next"), "insert");
    EXPECT_EQ(reader.load("and the next"), "insert");
    // Tables come and go where the dead one's were.
    for (int i = 0; i != 600; ++i)
      map.store("further " + std::to_string(i), "insert");
    EXPECT_EQ(audit(reader, all), seen) << "un-seen after dirty has grown";
    map.sweep();
    EXPECT_EQ(map.size(), map.count());
    EXPECT_GE(memory_of(name), counted_on(map)) << "what seems resident is not";
    const auto report = map.check();
    for (const std::string& finding : report.findings)
      ADD_FAILURE() << finding;
    EXPECT_EQ(report.used_bytes, report.reachable_bytes) << "the sweep left what the dead held";
    return alive;
  }
};

TEST_P(Death, AfterEachSingleChangeIsSettled) {
  TWINMAP_REQUIRE_PRIVILEGE(ptrace);
  constexpr int at_most = 500;
  int n = 1;
  int kills = 0;
  while (n < at_most && die_after_change(n)) {
    if (HasFailure()) FAIL() << "killed after change " << n;
    n += 1 + test_support::rounds(n / the_scenario().thinning, 0);
    ++kills;
  }
  std::printf("%s: killed %d times, after up to %d changes\n", the_scenario().name, kills, n - 1);
  EXPECT_GE(kills, 2) << "the operation changed nothing";
  EXPECT_LT(n, at_most);
}

INSTANTIATE_TEST_SUITE_P(In, Death, testing::Range(std::size_t{0}, scenarios.size()),
                         [](const auto& each) { return scenarios[each.param].name; });

}  // namespace
}  // namespace process_tests
