#include "aftermath.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <twinmap/admin.hpp>
#include <twinmap/bytes_map.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace step_tests {
namespace {

constexpr int next_key = 5000;  // and those after it: of nobody before

// All that there is, by three ways that must agree.
contents look(const twinmap::bytes_map& map, const std::set<std::string>& known) {
  contents seen;
  for (const std::string& key : known) {
    if (const auto value = map.load(key)) seen[key] = *value;
    EXPECT_EQ(map.contains(key), seen.contains(key)) << testing::PrintToString(key);
  }
  contents walked;
  map.for_each([&](std::string_view key, std::string_view value) {
    EXPECT_TRUE(walked.emplace(key, value).second) << "visited twice: " << key;
  });
  EXPECT_EQ(walked, seen);
  return seen;
}

std::uint64_t counted_on(const stage& on) {
  const auto map = inside_of(on);
  const auto& view = map->view;
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

class inquiry {
 public:
  inquiry(const stage& on, const possibilities& may_stand)
      : on_(on), eye_(twinmap::open_read_only, on.name(), small_map()) {
    for (const auto& [key, values] : may_stand)
      known_.insert(key);
    seen_ = look(eye_, known_);
    for (const auto& [key, values] : may_stand) {
      const auto now = value_under(seen_, key);
      EXPECT_TRUE(std::find(values.begin(), values.end(), now) != values.end())
          << testing::PrintToString(key) << " is " << testing::PrintToString(now);
    }
  }

  // By whom the dead one left behind.
  void insert(actor& by) {
    const call next{"store", key_of(on_.what().kind, next_key + added_),
                    value_of(on_.what().kind, next_key + added_)};
    ++added_;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(by.perform(next), answer{}) << "an insert failed";
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
    known_.insert(next.key);
    seen_[next.key] = next.value;
  }
  void stays(const char* moment) { EXPECT_EQ(look(eye_, known_), seen_) << "un-seen " << moment; }
  void is_sound(const char* moment) const {
    for (const std::string& finding : twinmap::check(eye_).findings)
      ADD_FAILURE() << finding << ", " << moment;
  }
  void has_lost_no_memory() const {
    const auto report = twinmap::check(eye_);
    EXPECT_EQ(report.used_bytes, report.reachable_bytes);
    EXPECT_EQ(report.blocks_leased + report.blocks_orphaned + report.slots_orphaned, 0u);
    EXPECT_EQ(eye_.size(), seen_.size());
  }
  // What it counts on without having it would be SIGBUS on a full file system.
  void has_the_memory_it_counts_on() const {
    struct stat status {};
    EXPECT_EQ(::stat(on_.name().segment_file().c_str(), &status), 0);
    EXPECT_GE(static_cast<std::uint64_t>(status.st_blocks) * 512, counted_on(on_));
  }

 private:
  const stage& on_;
  twinmap::bytes_map eye_;
  std::set<std::string> known_;
  contents seen_;
  int added_ = 0;
};

// What bears the name in any way.
std::vector<std::string> files_of(const stage& on) {
  std::vector<std::string> found;
  for (const auto& file : std::filesystem::directory_iterator(on.name().directory()))
    if (const std::string name = file.path().filename(); name.find(on.name()) != std::string::npos)
      found.push_back(name);
  return found;
}

bool comes_or_goes(const std::string& member) {
  return member == "remove" || member == "create_only" || member == "open_or_create";
}

// The map says that its name was removed, and the name is still there: it takes another remove.
bool half_removed(const stage& on) {
  return std::filesystem::exists(on.name().segment_file()) &&
         twinmap::bytes_map(twinmap::open_read_only, on.name()).retired();
}

}  // namespace

std::unique_ptr<twinmap::protocol::handle> inside_of(const stage& on) {
  twinmap::protocol::attach_request request;
  request.name = on.name();
  request.mode = twinmap::protocol::attach_mode::open_read_only;
  return twinmap::protocol::handle::attach(request);
}

possibilities either_way(const stage& on, bool returned) {
  possibilities all;
  for (const std::string& key : on.keys()) {
    all[key].push_back(value_under(on.after(), key));
    if (!returned) all[key].push_back(value_under(on.before(), key));
  }
  return all;
}

void settle(const stage& on, actor* survivor, const possibilities& may_stand) {
  auto newcomer = on.newcomer();
  if (on.what().run.member == "remove") {
    // Whoever had the map cannot write to it any more, be its name gone or not.
    survivor = nullptr;
    if (half_removed(on)) {
      EXPECT_EQ(newcomer->perform({"remove"}), answer{.yes = true});
    }
  }
  const auto attach = [&newcomer] {
    EXPECT_EQ(newcomer->perform({"open_or_create"}), answer{}) << "nobody can attach";
  };
  if (survivor == nullptr) attach();
  inquiry about(on, may_stand);
  about.insert(survivor != nullptr ? *survivor : *newcomer);
  about.stays("after the next insert");
  about.is_sound("after the next insert");
  about.has_the_memory_it_counts_on();
  if (survivor != nullptr) attach();
  about.insert(*newcomer);
  newcomer->perform(calls{{"promote"}});
  about.stays("after a promotion");
  // Tables come and go where the dead one's were.
  const int more = on.what().max_entries == 0 && !on.what().full ? 100 : 1;
  for (int i = 0; i != more; ++i)
    about.insert(survivor != nullptr && i % 2 == 0 ? *survivor : *newcomer);
  about.stays("after dirty has grown");
  if (survivor != nullptr) survivor->perform(calls{{"close"}});
  newcomer->perform(calls{{"sweep"}, {"close"}});
  about.stays("after a sweep");
  about.is_sound("after a sweep");
  about.has_the_memory_it_counts_on();
  about.has_lost_no_memory();
  if (!comes_or_goes(on.what().run.member)) return;
  EXPECT_EQ(newcomer->perform({"remove"}), answer{.yes = true});
  EXPECT_EQ(files_of(on), std::vector<std::string>()) << "what is removed leaves something behind";
}

}  // namespace step_tests
