#include "crew.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace bench {
namespace {

volatile std::sig_atomic_t signal_seen = 0;

extern "C" void note_signal(int) {
  signal_seen = 1;
}

constexpr std::array ending_signals{SIGINT, SIGTERM, SIGHUP};

/// Waits until every worker stands at the gate. It spins, as a sleeping worker would start late,
/// but yields: there may be fewer processors than workers.
void pass_gate(gate& entrance) noexcept {
  entrance.arrived.fetch_add(1, std::memory_order_acq_rel);
  while (entrance.arrived.load(std::memory_order_acquire) < entrance.workers && !entrance.failed) {
    std::this_thread::yield();
  }
}

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  for (const int number : ending_signals)
    sigaction(number, &action, nullptr);
}

void report_failure(gate& entrance) noexcept {
  if (!entrance.failed.exchange(true)) {
    std::string text = "an unknown exception";
    try {
      throw;
    } catch (const std::exception& problem) {
      text = problem.what();
    } catch (...) {
    }
    const std::size_t length = std::min(text.size(), entrance.reason.size() - 1);
    std::copy_n(text.data(), length, entrance.reason.data());
    entrance.reason[length] = '\0';
  }
  sem_post(&entrance.done);
}

void serve(gate& entrance, int worker, const work& answer_order) noexcept {
  gate::post& mine = entrance.posts[static_cast<std::size_t>(worker)];
  for (;;) {
    while (sem_wait(&mine.ordered) != 0) {
    }
    if (mine.order.what == question::quit) return;
    pass_gate(entrance);
    try {
      mine.result = answer_order(mine.order);
    } catch (...) {
      report_failure(entrance);
      continue;
    }
    sem_post(&entrance.done);
  }
}

crew::crew(int workers, bool processes, std::function<void(int, gate&)> body)
    : processes_(processes) {
  void* page =
      mmap(nullptr, sizeof(gate), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap");
  entrance_ = new (page) gate{};
  entrance_->workers = workers;
  sem_init(&entrance_->done, 1, 0);
  for (gate::post& post : entrance_->posts)
    sem_init(&post.ordered, 1, 0);
  for (int worker = 0; worker < workers; ++worker) {
    if (processes_) {
      start_process(worker, body);
    } else {
      threads_.emplace_back([this, worker, body] { body(worker, *entrance_); });
    }
  }
}

crew::~crew() {
  stop();
  for (gate::post& post : entrance_->posts)
    sem_destroy(&post.ordered);
  sem_destroy(&entrance_->done);
  munmap(entrance_, sizeof(gate));
}

void crew::start_process(int worker, const std::function<void(int, gate&)>& body) {
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::system_category(), "fork");
  if (child > 0) {
    children_.push_back(child);
    return;
  }
  for (const int number : ending_signals)
    std::signal(number, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  try {
    body(worker, *entrance_);
  } catch (...) {
    report_failure(*entrance_);
    _exit(1);
  }
  _exit(0);
}

std::vector<outcome> crew::run(std::span<const task> orders) {
  entrance_->arrived.store(0, std::memory_order_relaxed);
  for (std::size_t worker = 0; worker < orders.size(); ++worker) {
    gate::post& post = entrance_->posts[worker];
    post.order = orders[worker];
    sem_post(&post.ordered);
  }
  for (std::size_t worker = 0; worker < orders.size(); ++worker)
    await_one();
  if (entrance_->failed) throw std::runtime_error(entrance_->reason.data());
  std::vector<outcome> results;
  for (std::size_t worker = 0; worker < orders.size(); ++worker) {
    results.push_back(entrance_->posts[worker].result);
  }
  return results;
}

void crew::await_one() {
  for (;;) {
    timespec until{};
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    if (sem_timedwait(&entrance_->done, &until) == 0) return;
    if (signal_seen != 0) throw interrupted{};
    check_children();
  }
}

/// A worker that died outside its orders will never report: say why it is gone instead of waiting
/// for ever.
void crew::check_children() {
  for (const pid_t child : children_) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) continue;
    std::erase(children_, child);
    throw std::runtime_error(entrance_->failed
                                 ? std::string(entrance_->reason.data())
                                 : "a worker process ended with status " + std::to_string(status));
  }
}

void crew::stop() noexcept {
  // After an interruption a worker may be minutes away from its next order.
  if (signal_seen != 0) {
    for (const pid_t child : children_)
      kill(child, SIGKILL);
  }
  for (gate::post& post : entrance_->posts) {
    post.order.what = question::quit;
    sem_post(&post.ordered);
  }
  for (const pid_t child : children_) {
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  threads_.clear();
}

}  // namespace bench
