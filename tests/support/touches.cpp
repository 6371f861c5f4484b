#include "touches.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cerrno>
#include <map>
#include <system_error>

namespace test_support {
namespace {

// The handlers', of the one thread that is watched.
struct watch {
  std::byte* base;
  std::size_t size;
  const std::function<bool(std::uintptr_t)>& before;
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

// An instruction whose first byte is a breakpoint.
struct trap {
  place at;
  const std::function<void()>& then;
  trap* outer;
  unsigned char before = 0;
  bool is_set = false;
  bool sprung = false;

  void put(unsigned char byte) const {
    constexpr std::uintptr_t page = 4096;
    auto* start = reinterpret_cast<void*>(at.instruction & ~(page - 1));
    ::mprotect(start, page, PROT_READ | PROT_WRITE | PROT_EXEC);
    *reinterpret_cast<volatile unsigned char*>(at.instruction) = byte;
    ::mprotect(start, page, PROT_READ | PROT_EXEC);
  }
  void set() {
    if (is_set || sprung) return;
    constexpr unsigned char breakpoint = 0xCC;
    before = *reinterpret_cast<volatile unsigned char*>(at.instruction);
    put(breakpoint);
    is_set = true;
  }
  void clear() {
    if (is_set) put(before);
    is_set = false;
  }
};
constinit thread_local trap* traps = nullptr;

#if defined(__x86_64__)

constexpr greg_t trap_flag = 0x100;

// The instruction is tried again, and then stepped over.
void on_fault(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  if (watching == nullptr || !watching->closed || !watching->contains(info->si_addr)) {
    ::signal(signal, SIG_DFL);
    return;
  }
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  watching->open();
  if (watching->before(static_cast<std::uintptr_t>(registers[REG_RIP])))
    registers[REG_EFL] |= trap_flag;
  else
    watching = nullptr;
  errno = error;
}

// The trap comes behind the breakpoint, which is one byte long.
void on_breakpoint(greg_t& flags, greg_t& instruction) {
  trap* here = traps;
  while (here != nullptr && here->at.instruction != static_cast<std::uintptr_t>(instruction - 1))
    here = here->outer;
  if (here == nullptr) return;
  --instruction;
  here->clear();
  if (here->at.turn-- != 0) {
    flags |= trap_flag;
    return;
  }
  here->sprung = true;
  here->then();
}

void on_trap(int, siginfo_t* info, void* context) {
  const int error = errno;
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  if (info->si_code != TRAP_TRACE) {
    on_breakpoint(registers[REG_EFL], registers[REG_RIP]);
  } else {
    registers[REG_EFL] &= ~trap_flag;
    if (watching != nullptr) watching->close();
    for (trap* each = traps; each != nullptr; each = each->outer)
      each->set();
  }
  errno = error;
}

#else
void on_fault(int, siginfo_t*, void*) {}
void on_trap(int, siginfo_t*, void*) {}
#endif

class handler {
 public:
  handler(int signal, void (*by)(int, siginfo_t*, void*)) : signal_(signal) {
    struct sigaction action {};
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
  struct sigaction before_ {};
};

}  // namespace

void watch_accesses(void* base, std::size_t size, const std::function<void()>& body,
                    const std::function<bool(std::uintptr_t instruction)>& before) {
  if (!can_come_between) return body();
  const handler faults(SIGSEGV, on_fault);
  const handler steps(SIGTRAP, on_trap);
  watch here{static_cast<std::byte*>(base), size, before};
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

std::vector<place> find_touches(void* base, std::size_t size, unsigned turns,
                                const std::function<void()>& body) {
  std::vector<place> found;
  std::map<std::uintptr_t, unsigned> seen;
  watch_accesses(base, size, body, [&](std::uintptr_t instruction) {
    const unsigned turn = seen[instruction]++;
    if (turn < turns) found.push_back({instruction, turn});
    return true;
  });
  return found;
}

bool come_between(const place& at, const std::function<void()>& body,
                  const std::function<void()>& then) {
  if (!can_come_between) {
    body();
    return false;
  }
  const handler breakpoints(SIGTRAP, on_trap);
  trap here{at, then, traps};
  traps = &here;
  here.set();
  body();
  here.clear();
  traps = here.outer;
  return here.sprung;
}

}  // namespace test_support
