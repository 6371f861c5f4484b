#include "accesses.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cerrno>
#include <system_error>

namespace test_support {
namespace {

// The handlers', of the one thread that is watched.
struct watch {
  std::byte* base;
  std::size_t size;
  const std::function<bool()>& before;
  bool closed = false;

  void close() {
    ::mprotect(base, size, PROT_NONE);
    closed = true;
  }
  void open() {
    ::mprotect(base, size, PROT_READ | PROT_WRITE);
    closed = false;
  }
  bool contains(const void* address) const { return address >= base && address < base + size; }
};
constinit thread_local watch* watching = nullptr;

#if defined(__x86_64__)

constexpr greg_t trap_flag = 0x100;

// The instruction is tried again.
void on_fault(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  if (watching == nullptr || !watching->closed || !watching->contains(info->si_addr)) {
    ::signal(signal, SIG_DFL);
    return;
  }
  watching->open();
  if (watching->before())
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] |= trap_flag;
  errno = error;
}

void on_step(int, siginfo_t*, void* context) {
  const int error = errno;
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~trap_flag;
  if (watching != nullptr) watching->close();
  errno = error;
}

#else
void on_fault(int, siginfo_t*, void*) {}
void on_step(int, siginfo_t*, void*) {}
#endif

class handler {
 public:
  handler(int signal, void (*by)(int, siginfo_t*, void*)) : signal_(signal) {
    struct sigaction action = {};
    action.sa_sigaction = by;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    if (::sigaction(signal, &action, &before_) != 0)
      throw std::system_error(errno, std::system_category(), "sigaction");
  }
  handler(const handler&) = delete;
  handler& operator=(const handler&) = delete;
  ~handler() { ::sigaction(signal_, &before_, nullptr); }

 private:
  int signal_;
  struct sigaction before_ = {};
};

}  // namespace

void watch_accesses(void* base, std::size_t size, const std::function<void()>& body,
                    const std::function<bool()>& before) {
  watch here{static_cast<std::byte*>(base), size, before};
  const handler faults(SIGSEGV, on_fault);
  const handler steps(SIGTRAP, on_step);
  struct opened {
    watch& here;
    ~opened() {
      watching = nullptr;
      here.open();
    }
  } at_the_end{here};
  watching = &here;
  here.close();
  body();
}

}  // namespace test_support
