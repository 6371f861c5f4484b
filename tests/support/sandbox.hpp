// Other worlds for a test to run in: a small file system of its own, a container's view of pids,
// another user. Each needs a privilege; begin such a test with TWINMAP_REQUIRE_PRIVILEGE.
#pragma once

#include <sys/types.h>
#include <support/child.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace test_support {

// A file system to mount, as in mount(8): a type, and options with commas between them.
struct file_system {
  std::string type;
  std::string options;
};

// Runs body(directory) in a child whose mount namespace holds a fresh file system there, and waits
// for its end. Children that the body forks see the same one; it vanishes with the last of them.
outcome in_private_mount(const file_system& what,
                         const std::function<void(const std::filesystem::path&)>& body,
                         std::chrono::milliseconds limit = std::chrono::minutes(2));

// The same with a tmpfs of `size` bytes.
outcome in_private_tmpfs(std::size_t size,
                         const std::function<void(const std::filesystem::path&)>& body,
                         std::chrono::milliseconds limit = std::chrono::minutes(2));

// Starts a child that is pid 1 of a PID namespace of its own. pid() and kill() work from outside.
template <class Body>
child in_pid_namespace(Body body) {
  return child(std::move(body), {.new_pid_namespace = true});
}

// For the calling process, for good: becomes the user with exactly these groups. Throws if it may
// not.
void drop_privileges(uid_t user, gid_t group, const std::vector<gid_t>& groups);

// Starts a child that runs the body as another user.
template <class Body>
child as_user(uid_t user, gid_t group, std::vector<gid_t> groups, Body body) {
  return child([user, group, groups = std::move(groups), body = std::move(body)]() mutable {
    drop_privileges(user, group, groups);
    return body();
  });
}

}  // namespace test_support
