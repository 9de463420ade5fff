#include "runtime/openmp_binding.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

#include "runtime/cpu_limit.hpp"

#if defined(_OPENMP)
#include <omp.h>
#if __has_include(<pthread.h>) && __has_include(<dlfcn.h>)
#define FASTGD_TAMES_OPENMP 1
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#endif
#endif

#if defined(__linux__)
#include <sys/syscall.h>
#endif

namespace fastgd::openmp {
namespace {

std::atomic<bool> team_exists{false};

#if defined(FASTGD_TAMES_OPENMP)

// The runtime keeps the threads of a team for the next one, for each calling thread on its own.
struct KeptTeam {
    int n_threads = 1;
    bool is_lost = false;  // they did not survive a fork, and the runtime does not know
};
thread_local KeptTeam kept_team;
std::atomic<bool> all_teams_are_lost{false};

// The file that holds the runtime which this code calls.
const char* library_file() {
    Dl_info info{};
    const bool is_found = dladdr(reinterpret_cast<void*>(&omp_get_thread_limit), &info) != 0;
    return is_found && info.dli_fname != nullptr ? info.dli_fname : "";
}

// A function of the very runtime that is bound, by name. A plain reference would keep this library from loading beside
// a runtime too old to have the function, and a search of the whole process might find a second runtime's.
void* find_function(const char* name) {
    void* handle = dlopen(library_file(), RTLD_LAZY | RTLD_NOLOAD);
    if (handle == nullptr) handle = dlopen(nullptr, RTLD_LAZY);  // linked into the program itself
    if (handle == nullptr) return nullptr;
    void* function = dlsym(handle, name);
    dlclose(handle);
    return function;
}

// What has to be done for this runtime when the process forks.
struct ForkCare {
    // LLVM's runtime (and Intel's, which is the same) has its own handlers. It must not be called in ours: which run
    // first is a matter of chance, and its own take its locks.
    bool is_llvm = find_function("__kmpc_fork_call") != nullptr;
    int (*pause_all)(omp_pause_resource_t) = nullptr;

    ForkCare();
};
ForkCare fork_care;

// libgomp's list of kept threads is copied by fork, the threads are not: the child's next region would wait for them
// for ever. Given back before the fork, they are created anew on both sides when next needed.
void before_fork() {
    if (fork_care.pause_all != nullptr && omp_in_parallel() == 0 && fork_care.pause_all(omp_pause_soft) == 0)
        kept_team.n_threads = 1;
}

// Whether LLVM's runtime has been told to install no handlers, which scikit-learn does where it is imported. A child
// then has a list of threads without threads, whichever thread made them and whichever asks.
bool is_llvm_left_alone() {
    const char* text = std::getenv("KMP_INIT_AT_FORK");
    return fork_care.is_llvm && text != nullptr && std::strchr("1tTyY", text[0]) == nullptr;
}

void in_child() {
    kept_team.is_lost = !fork_care.is_llvm && kept_team.n_threads > 1;
    if (is_llvm_left_alone()) all_teams_are_lost = true;
    kept_team.n_threads = 1;
    team_exists.store(false, std::memory_order_relaxed);
}

ForkCare::ForkCare() {
    if (!is_llvm) pause_all = reinterpret_cast<int (*)(omp_pause_resource_t)>(find_function("omp_pause_resource_all"));
    pthread_atfork(&before_fork, nullptr, &in_child);
}

// The stack that OMP_STACKSIZE and its kin ask for, in bytes; 0 where they say nothing that can be read.
std::size_t requested_stack_size() {
    for (const char* name : {"OMP_STACKSIZE", "KMP_STACKSIZE", "GOMP_STACKSIZE"}) {
        const char* text = std::getenv(name);
        if (text == nullptr) continue;
        char* end = nullptr;
        const unsigned long long number = std::strtoull(text, &end, 10);
        while (*end == ' ') ++end;
        int shift = 10;  // kilobytes, unless a letter says otherwise
        switch (*end) {
            case 'b':
            case 'B': shift = 0; break;
            case 'm':
            case 'M': shift = 20; break;
            case 'g':
            case 'G': shift = 30; break;
            default: break;
        }
        if (end != text && number > 0 && number < (1ull << (62 - shift)))
            return static_cast<std::size_t>(number << shift);
    }
    return 0;
}

struct Probe {
    pthread_t handle;
    long kernel_id = 0;
    std::mutex* gate;
};

void* run_probe(void* argument) {
    Probe& probe = *static_cast<Probe*>(argument);
#if defined(__linux__)
    probe.kernel_id = syscall(SYS_gettid);
#endif
    const std::lock_guard<std::mutex> wait_until_all_have_started(*probe.gate);
    return nullptr;
}

// A joined thread counts against the limits until the kernel has buried it, a moment later.
void wait_until_gone(const Probe& probe) {
#if defined(__linux__)
    for (int turn = 0; turn < 10000 && syscall(SYS_tgkill, getpid(), probe.kernel_id, 0) == 0; ++turn) sched_yield();
#else
    static_cast<void>(probe);
#endif
}

// Whether so many threads can live at once beside those there are.
bool can_start(int count) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return false;
    const std::size_t stack_size = requested_stack_size();
    if (stack_size != 0) pthread_attr_setstacksize(&attributes, stack_size);
    std::vector<Probe> probes(static_cast<std::size_t>(count));
    std::mutex gate;
    std::size_t started = 0;
    {
        const std::lock_guard<std::mutex> keep_them_alive(gate);
        for (Probe& probe : probes) {
            probe.gate = &gate;
            if (pthread_create(&probe.handle, &attributes, &run_probe, &probe) != 0) break;
            ++started;
        }
    }
    for (std::size_t i = 0; i < started; ++i) pthread_join(probes[i].handle, nullptr);
    for (std::size_t i = 0; i < started; ++i) wait_until_gone(probes[i]);
    pthread_attr_destroy(&attributes);
    return started == probes.size();
}

// What C has allocated.
struct Free {
    void operator()(char* text) const { std::free(text); }
};

#endif

}  // namespace

std::string description() {
#if defined(_OPENMP)
    const char* version = _OPENMP >= 202111 ? "5.2" : _OPENMP >= 202011 ? "5.1" : _OPENMP >= 201811 ? "5.0" : "4.5";
    std::string file = "unknown file";
#if defined(FASTGD_TAMES_OPENMP)
    const std::unique_ptr<char, Free> resolved(realpath(library_file(), nullptr));
    file = resolved ? resolved.get() : library_file();
#endif
    return file + " (OpenMP " + version + ")";
#else
    return "none";
#endif
}

int processors() {
#if defined(_OPENMP)
    // LLVM's runtime counts once; a mask that becomes narrower later is seen only here.
    const bool is_bound = omp_get_proc_bind() != omp_proc_bind_false;
    return is_bound ? omp_get_num_procs() : std::min(omp_get_num_procs(), affinity_cpus());
#else
    return affinity_cpus();
#endif
}

TeamToken::TeamToken() noexcept : is_held_(!team_exists.exchange(true, std::memory_order_acquire)) {}

TeamToken::~TeamToken() {
    if (is_held_) team_exists.store(false, std::memory_order_release);
}

bool threads_can_start(int n_threads) noexcept {
#if defined(FASTGD_TAMES_OPENMP)
    if (all_teams_are_lost || kept_team.is_lost) return false;
    if (n_threads > kept_team.n_threads) {
        try {
            if (!can_start(n_threads - kept_team.n_threads)) return false;
        } catch (...) {  // no memory for the list, a mutex that fails: no state to create threads in
            return false;
        }
    }
    // libgomp lets go of those that a smaller team does not need, so this is the last team's size, not the largest.
    kept_team.n_threads = n_threads;
#else
    static_cast<void>(n_threads);
#endif
    return true;
}

}  // namespace fastgd::openmp
