// doctor: whether maps that ask for huge pages have them, and what to type where they do not.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <cli/doctor.hpp>
#include <cli/sizes.hpp>

namespace twinmap::cli {
namespace {

const std::filesystem::path of_kernel = "/sys/kernel/mm";

// "always within_size [never]": the word in brackets.
std::string chosen_of(const std::filesystem::path& setting) {
  const std::string text = text_of(setting).value_or("");
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']', open);
  return open == std::string::npos || close == std::string::npos
             ? "unknown"
             : text.substr(open + 1, close - open - 1);
}

std::uint64_t number_of(const std::filesystem::path& setting) {
  const std::string text = text_of(setting).value_or("");
  return text.empty() || text.front() < '0' || text.front() > '9' ? 0 : std::stoull(text);
}

// Of nothing at all it is refused only by a kernel that does not know it.
bool knows_collapse() {
  constexpr int collapse = 25;  // MADV_COLLAPSE
  return ::madvise(nullptr, 0, collapse) == 0;
}

/// Maps that asked and have none, with commas between them. Those of less than 64 MiB, and nearly
/// empty ones, need not have any.
std::string maps_without(const examination& into) {
  std::string names;
  for (const map_info& each : into.maps)
    if (each.huge_pages && each.bytes_huge == 0 && each.bytes_max >= 64u << 20 &&
        each.bytes_committed >= 4u << 20)
      names += (names.empty() ? "" : ", ") + each.name;
  return names;
}

void examine_pool(examination& into, const mount& on) {
  struct statfs found {};
  ::statfs(into.directory.c_str(), &found);
  const auto page = static_cast<std::uint64_t>(found.f_bsize);
  const std::filesystem::path pool =
      of_kernel / "hugepages" / fmt::format("hugepages-{}kB", page >> 10);
  const std::uint64_t free = number_of(pool / "free_hugepages");
  const std::uint64_t all = number_of(pool / "nr_hugepages");
  const std::string text =
      fmt::format("{} is a hugetlbfs; of {} pages of {} in the pool {} are free", on.point, all,
                  show_bytes(page), free);
  if (free != 0) return into.ok("huge_pages", text);
  into.warn("huge_pages", text + ": maps here cannot grow",
            fmt::format("echo {} > {}, and in /etc/sysctl.d for good: vm.nr_hugepages",
                        all == 0 ? 512 : 2 * all, (pool / "nr_hugepages").string()));
}

std::string remedy_for(const mount& on, const std::string& enabled) {
  if (enabled == "deny")
    return fmt::format("echo never > {}; they come as maps grow",
                       (of_kernel / "transparent_hugepage/shmem_enabled").string());
  if (on.type != "tmpfs") return "keep maps on a tmpfs such as /dev/shm, or on a hugetlbfs";
  if (!knows_collapse())
    return fmt::format("mount -o remount,huge=advise {}; they come as maps grow", on.point);
  return "memory may be in pieces: echo 1 > /proc/sys/vm/compact_memory; they come as maps grow";
}

}  // namespace

void examine_huge_pages(examination& into) {
  const mount on = mount_of(into.directory).value_or(mount{});
  if (on.type == "hugetlbfs") return examine_pool(into, on);
  const std::string enabled = chosen_of(of_kernel / "transparent_hugepage/shmem_enabled");
  std::string text = on.type == "tmpfs"
                         ? fmt::format("{} is mounted with huge={}; shmem_enabled is {}", on.point,
                                       option_of(on.options, "huge").value_or("never"), enabled)
                         : fmt::format("{} is no tmpfs but {}", on.point, on.type);
  if (on.type == "tmpfs")
    text += enabled == "deny"  ? ", which forbids them"
            : knows_collapse() ? "; maps that ask for huge pages get them whatever the mount says"
                               : "";
  const std::string without = maps_without(into);
  if (without.empty()) return into.ok("huge_pages", text);
  into.warn("huge_pages", fmt::format("{}; asked for huge pages and have none: {}", text, without),
            remedy_for(on, enabled));
}

}  // namespace twinmap::cli
