#include "trial.hpp"

#include "ordeal.hpp"

#include <signal.h>
#include <unistd.h>
#include <support/privilege.hpp>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <utility>

namespace garbage_tests {
namespace {

constexpr std::size_t images_a_process = 500;
constexpr std::size_t enough_failures = 10;

std::chrono::seconds patience() {
  return std::chrono::seconds(test_support::sanitized ? 120 : 20);
}

}  // namespace

void trial::run(std::uint64_t k, std::uint64_t count) {
  const std::uint64_t end = k + count;
  while (k != end && failures_.size() < enough_failures) {
    std::vector<numbered> images;
    for (; k != end && images.size() != images_a_process; ++k) {
      const std::uint64_t number = k * victims().size() + victim_;
      images.emplace_back(number, drawn_damage(victim_, number));
    }
    run_some(std::move(images));
  }
}

void trial::run(const damage& what) {
  constexpr std::uint64_t orders = 8;
  std::vector<numbered> images;
  for (std::uint64_t i = 0; i != orders; ++i)
    images.emplace_back(i, what);
  run_some(std::move(images));
}

void trial::run_some(std::vector<numbered> images) {
  images_ = std::move(images);
  auto next = images_.begin();
  while (next != images_.end() && failures_.size() < enough_failures) {
    const std::uint64_t before = record_->images.load();
    test_support::child worker([&] {
      fence around(spoilt_.size());
      call_log log(*record_);
      spoilt_.restore();
      for (auto each = next; each != images_.end(); ++each) {
        record_->image.store(each->first);
        endure(spoilt_, each->second, each->first, around, log);
      }
    });
    const test_support::outcome ended = watch(worker);
    next += static_cast<std::ptrdiff_t>(record_->images.load() - before);
    note_findings();
    if (ended == 0) continue;
    std::ostringstream how;
    how << record_->call.data() << ": " << ended;
    note(record_->image.load(), how.str());
    if (next != images_.end()) ++next;
  }
  spoilt_.restore();
}

// A call that does not come to an end is ended.
test_support::outcome trial::watch(test_support::child& worker) {
  std::uint64_t seen = 0;
  auto since = std::chrono::steady_clock::now();
  while (worker.running()) {
    const auto now = std::chrono::steady_clock::now();
    if (const std::uint64_t calls = record_->calls.load(); calls != seen) {
      seen = calls;
      since = now;
    }
    if (now - since > patience()) {
      note(record_->image.load(), std::string(record_->call.data()) + " does not end");
      worker.kill(SIGKILL);
      break;
    }
    ::usleep(2'000);
  }
  return worker.wait();
}

void trial::note_findings() {
  for (; noted_ < record_->found; ++noted_) {
    const finding& each = record_->findings[noted_];
    note(each.image, std::string(each.call.data()) + " " + each.what.data());
  }
}

void trial::note(std::uint64_t image, const std::string& what) {
  const auto found = std::find_if(images_.begin(), images_.end(),
                                  [image](const numbered& each) { return each.first == image; });
  failures_.push_back(what + "\nTWINMAP_IMAGE=" + std::to_string(image) + " repeats it:\n" +
                      (found == images_.end() ? "" : written(found->second)));
}

}  // namespace garbage_tests
