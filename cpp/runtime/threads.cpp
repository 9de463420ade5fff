#include "runtime/threads.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <stdexcept>

#include "runtime/cpu_limit.hpp"
#include "runtime/openmp_binding.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace fastgd {
namespace {

std::atomic<int> requested_threads{0};

int default_threads() {
#if defined(_OPENMP)
    static const int quota = cgroup_cpus();
    int threads = std::min({omp_get_max_threads(), omp_get_thread_limit(), openmp::processors()});
    if (quota > 0) threads = std::min(threads, quota);
    return std::max(threads, 1);
#else
    return 1;
#endif
}

int run_serial(detail::TeamBody body, void* context) {
    Barrier barrier(1);
    body(context, 0, 1, barrier);
    return 1;
}

#if defined(_OPENMP)

// What the bodies of one team threw; kept for the calling thread, as no exception may leave the region.
class Failures {
public:
    void keep(int thread, bool is_consequence, std::exception_ptr exception) noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        const bool is_better = is_consequence == is_consequence_ ? thread < thread_ : is_consequence_;
        if (exception_ == nullptr || is_better) {
            thread_ = thread;
            is_consequence_ = is_consequence;
            exception_ = std::move(exception);
        }
    }

    void rethrow() const {
        if (exception_ != nullptr) std::rethrow_exception(exception_);
    }

private:
    std::mutex mutex_;
    int thread_ = 0;
    bool is_consequence_ = false;
    std::exception_ptr exception_;
};

int run_region(int n_threads, detail::TeamBody body, void* context) {
    Barrier barrier(n_threads);
    Barrier end(n_threads);
    Failures failures;
    int team = 1;
#pragma omp parallel num_threads(n_threads) default(none) shared(barrier, end, failures, team, body, context)
    {
        const int thread = omp_get_thread_num();
        const int size = omp_get_num_threads();  // fewer where OMP_DYNAMIC or OMP_THREAD_LIMIT say so
        barrier.set_size(size);
        end.set_size(size);
        if (thread == 0) team = size;
        try {
            body(context, thread, size, barrier);
        } catch (const BarrierAborted&) {
            failures.keep(thread, true, std::current_exception());
        } catch (...) {
            failures.keep(thread, false, std::current_exception());
            barrier.abort();
        }
        end.wait();  // OpenMP's own end of the region spins for milliseconds
    }
    failures.rethrow();
    return team;
}

#endif

}  // namespace

int max_threads() {
    const int requested = requested_threads.load(std::memory_order_relaxed);
    return requested > 0 ? requested : default_threads();
}

void set_num_threads(int n) {
    if (n < 0) {
        throw std::invalid_argument("n = " + std::to_string(n) +
                                    ": the number of threads is at least 1, or 0 for the default");
    }
    requested_threads.store(n, std::memory_order_relaxed);
}

std::string openmp_runtime() { return openmp::description(); }

namespace detail {

int run_team(int n_threads, TeamBody body, void* context) {
#if defined(_OPENMP)
    const int size = std::min(n_threads, omp_get_thread_limit());
    if (size > 1 && omp_in_parallel() == 0) {
        const openmp::TeamToken token;
        if (token && openmp::threads_can_start(size)) return run_region(size, body, context);
        // A nested call finds the token taken; it is given back after the serial run, so that the rule is one.
        return run_serial(body, context);
    }
#else
    static_cast<void>(n_threads);
#endif
    return run_serial(body, context);
}

}  // namespace detail
}  // namespace fastgd
