// Programs run as a user runs them: exit code, both outputs, a full pipe in either direction.
#include <gtest/gtest.h>
#include <support/command.hpp>

#include <string>
#include <system_error>

namespace test_support {
namespace {

TEST(Command, HandsBackExitCodeAndBothOutputs) {
  const command_result result = run_command({"sh", "-c", "echo data; echo message >&2; exit 3"});
  EXPECT_EQ(result.exit, 3);
  EXPECT_EQ(result.out, "data\n");
  EXPECT_EQ(result.err, "message\n");
}

TEST(Command, FeedsInputLargerThanAPipeWhileReadingOutput) {
  const std::string megabyte(1 << 20, 'x');
  const command_result result = run_command({"cat"}, {.input = megabyte});
  EXPECT_EQ(result.exit, 0);
  EXPECT_EQ(result.out, megabyte);
}

TEST(Command, SurvivesAProgramThatDoesNotReadItsInput) {
  EXPECT_EQ(run_command({"true"}, {.input = std::string(1 << 20, 'x')}).exit, 0);
}

TEST(Command, AddsToTheEnvironmentAndOverrides) {
  const command_options options{.environment = {"HOME=/override", "TWINMAP_PROBE=1"}};
  EXPECT_EQ(run_command({"sh", "-c", "echo $HOME $TWINMAP_PROBE"}, options).out, "/override 1\n");
}

TEST(Command, ReportsSignalsAndTimeouts) {
  EXPECT_EQ(run_command({"sh", "-c", "kill -9 $$"}).exit, 137);
  EXPECT_TRUE(run_command({"sleep", "60"}, {.limit = std::chrono::milliseconds(50)}).timed_out);
}

TEST(Command, ThrowsWhenThereIsNoSuchProgram) {
  EXPECT_THROW(run_command({"/no/such/program"}), std::system_error);
}

}  // namespace
}  // namespace test_support
