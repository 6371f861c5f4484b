// writers: each lease with its process, whether that lives, and who holds the mutex.
#include <unistd.h>
#include <maps/mutex_watch.hpp>
#include <maps/raw_map.hpp>
#include <tools/schema.hpp>
#include <tools/tool.hpp>

#include <algorithm>

namespace tools_test {
namespace {

class writers_of_a_map : public tool {
 protected:
  using map_type = test_maps::raw_map<std::uint64_t, std::uint64_t>;
  test_maps::raw_settings where() const { return {.directory = directory()}; }

  void SetUp() override {
    must({"create", "m", "--key", "u64", "--value", "u64", "--max-bytes", "16M"});
  }

  json of(pid_t process) const {
    for (const json& each : parsed({"writers", "m"}))
      if (each["process"] == process) return each;
    return nullptr;
  }
};

TEST_F(writers_of_a_map, NamesTheLivingOne) {
  EXPECT_EQ(parsed({"writers", "m"}), json::array());
  map_type map(test_maps::attach_mode::open_only, "m", where());
  map.store(1, 1);
  const json me = of(::getpid());
  ASSERT_TRUE(me.is_object());
  EXPECT_EQ(schemas().complaint(me, "writer_info"), "");
  EXPECT_EQ(me["state"], "running");
  EXPECT_EQ(me["user"], ::geteuid());
  EXPECT_NE(me["command"].get<std::string>().find("test_tools"), std::string::npos) << me;
  EXPECT_NE(me["pid_namespace"], 0);
  EXPECT_EQ(me["holds_mutex"], false);
  EXPECT_EQ(me["caretaker"], false);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age = now - std::chrono::nanoseconds(me["since"].get<std::int64_t>());
  EXPECT_LT(age, std::chrono::minutes(5));
  const std::string table = output({"writers", "m"});
  EXPECT_EQ(table.rfind("LEASE", 0), 0u) << table;
  EXPECT_NE(table.find("running"), std::string::npos) << table;
}

TEST_F(writers_of_a_map, TellsTheStoppedHolderOfTheMutex) {
  map_type seen(test_maps::attach_mode::open_read_only, "m", where());
  test_support::child holder([this] {
    map_type own(test_maps::attach_mode::open_only, "m", where());
    test_maps::insert_for_ever(own, std::uint64_t{1});
  });
  ASSERT_TRUE(test_maps::stop_with_mutex(holder, seen.raw(), true));
  const json stopped = of(holder.pid());
  ASSERT_TRUE(stopped.is_object());
  EXPECT_EQ(stopped["state"], "stopped");
  EXPECT_EQ(stopped["holds_mutex"], true);
  const command_result doctor = run({"doctor", "--json"});
  EXPECT_NE(doctor.out.find("is stopped and holds the mutex"), std::string::npos) << doctor.out;
}

TEST_F(writers_of_a_map, TellsTheDead) {
  test_support::child killed([this] {
    map_type own(test_maps::attach_mode::open_only, "m", where());
    test_maps::insert_for_ever(own, std::uint64_t{1});
  });
  ASSERT_TRUE(test_support::eventually([&] { return of(killed.pid()).is_object(); }));
  killed.kill(SIGKILL);
  killed.wait();
  ASSERT_EQ(of(killed.pid())["state"], "dead");
  EXPECT_NE(output({"doctor", "--json"}).find("dead writers"), std::string::npos);
  ASSERT_EQ(run({"sweep", "m"}).exit, 0);
  EXPECT_TRUE(of(killed.pid()).is_null()) << "a sweep takes the lease back";
  EXPECT_EQ(output({"doctor", "--json"}).find("dead writers,"), std::string::npos);
}

}  // namespace
}  // namespace tools_test
