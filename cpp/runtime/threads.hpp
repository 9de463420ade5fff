#pragma once

#include <memory>
#include <string>
#include <type_traits>

#include "runtime/barrier.hpp"

namespace fastgd {

// The number of threads used where none is asked for: what `set_num_threads` said, else the least of OpenMP's own
// number (OMP_NUM_THREADS, threadpoolctl), the processors this process may run on, and the quota of its cgroup.
int max_threads();

// Sets `max_threads` for the whole process; 0 is the default again. A negative n throws std::invalid_argument.
void set_num_threads(int n);

// The OpenMP runtime that is bound: its file and the version of the specification, or "none".
std::string openmp_runtime();

namespace detail {

using TeamBody = void (*)(void* context, int thread, int n_threads, Barrier& barrier);
int run_team(int n_threads, TeamBody body, void* context);

}  // namespace detail

// Calls body(thread, n_threads) or body(thread, n_threads, barrier) on each thread of a team and returns the team's
// size, which is what body is told: n_threads, or fewer where OpenMP gives fewer, or 1. It is 1, on the calling thread
// alone, when n_threads <= 1, inside a parallel region, while another thread of this process has a team, and when the
// threads cannot be created. The barrier is of the team's size.
//
// An exception of a body aborts the barrier and is thrown again here after all have ended; of several the one of the
// lowest thread. A body that waits at a barrier of its own has to abort that itself.
template <class Body>
int parallel(int n_threads, Body&& body) {
    using Callable = std::remove_reference_t<Body>;
    void* context = const_cast<void*>(static_cast<const void*>(std::addressof(body)));
    return detail::run_team(
        n_threads,
        [](void* callable, int thread, int team, Barrier& barrier) {
            Callable& call = *static_cast<Callable*>(callable);
            if constexpr (std::is_invocable_v<Callable&, int, int, Barrier&>)
                call(thread, team, barrier);
            else
                call(thread, team);
        },
        context);
}

}  // namespace fastgd
