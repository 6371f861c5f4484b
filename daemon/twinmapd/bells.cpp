#include <twinmapd/bells.hpp>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <thread>

namespace twinmapd {
namespace {

// One word is the ringer's own.
constexpr std::size_t most_bells = twinmap::max_bells - 1;

struct armed_bell {
  std::uint64_t id;
  twinmap::bell bell;
  std::shared_ptr<const void> keep;

  bool rings() const { return bell.word->load(std::memory_order_acquire) != bell.seen; }
};

}  // namespace

class bells::ringer {
 public:
  explicit ringer(std::function<void(std::vector<std::uint64_t>)> rung)
      : rung_(std::move(rung)), thread_([this] { wait(); }) {}
  ~ringer() {
    stopping_.store(true);
    call();
    thread_.join();
  }
  ringer(const ringer&) = delete;
  ringer& operator=(const ringer&) = delete;

  bool arm(armed_bell bell) {
    const std::scoped_lock hold(mutex_);
    if (armed_.size() >= most_bells) return false;
    armed_.push_back(std::move(bell));
    call();
    return true;
  }

  bool disarm(std::uint64_t id) {
    const std::scoped_lock hold(mutex_);
    if (std::erase_if(armed_, [id](const armed_bell& each) { return each.id == id; }) == 0)
      return false;
    call();
    return true;
  }

 private:
  /// Lets the thread see what has changed.
  void call() {
    control_.fetch_add(1);
    ::syscall(SYS_futex, &control_, FUTEX_WAKE, std::numeric_limits<int>::max(), nullptr, nullptr,
              0);
  }

  /// What does not ring; those that do are disarmed and told.
  std::vector<armed_bell> silent_ones() {
    std::vector<std::uint64_t> rung;
    std::vector<armed_bell> silent;
    {
      const std::scoped_lock hold(mutex_);
      std::erase_if(armed_, [&](const armed_bell& each) {
        const bool rings = each.rings();
        if (rings) rung.push_back(each.id);
        return rings;
      });
      silent = armed_;
    }
    if (!rung.empty()) rung_(std::move(rung));
    return silent;
  }

  void wait() {
    using clock = std::chrono::steady_clock;
    while (!stopping_.load()) {
      const std::uint32_t seen = control_.load();
      // Holds the maps until it has slept.
      const std::vector<armed_bell> silent = silent_ones();
      std::vector<twinmap::bell> words{{&control_, seen}};
      for (const armed_bell& each : silent)
        words.push_back(each.bell);
      const clock::time_point before = clock::now();
      twinmap::wait_for(words, std::chrono::hours(1));
      // A kernel or a sandbox that does not let us wait makes us look now and then.
      constexpr std::chrono::microseconds hardly{20};
      constexpr std::chrono::milliseconds pause{5};
      const bool in_vain = control_.load() == seen &&
                           std::none_of(silent.begin(), silent.end(),
                                        [](const armed_bell& each) { return each.rings(); });
      if (in_vain && clock::now() - before < hardly) std::this_thread::sleep_for(pause);
    }
  }

  std::function<void(std::vector<std::uint64_t>)> rung_;
  std::mutex mutex_;
  std::vector<armed_bell> armed_;
  std::atomic<std::uint32_t> control_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;  ///< last: it uses the rest
};

bells::bells(boost::asio::io_context& loop, std::function<void(std::uint64_t)> rung)
    : loop_(loop), rung_(std::move(rung)) {}

bells::~bells() = default;

void bells::arm(std::uint64_t id, twinmap::bell bell, std::shared_ptr<const void> keep) {
  const armed_bell armed{id, bell, std::move(keep)};
  for (const auto& each : ringers_)
    if (each->arm(armed)) return;
  ringers_.push_back(std::make_unique<ringer>([this](const std::vector<std::uint64_t>& those) {
    boost::asio::post(loop_, [this, those] {
      for (const std::uint64_t each : those)
        rung_(each);
    });
  }));
  ringers_.back()->arm(armed);
}

void bells::disarm(std::uint64_t id) {
  for (const auto& each : ringers_)
    if (each->disarm(id)) return;
}

}  // namespace twinmapd
