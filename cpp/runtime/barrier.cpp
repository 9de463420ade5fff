#include "runtime/barrier.hpp"

#include <algorithm>

#include "runtime/backoff.hpp"

namespace fastgd {
namespace {

constexpr std::uint32_t kAborted = 1;  // the lowest bit of the generation; the others count
constexpr std::uint32_t kOneRound = 2;

}  // namespace

Barrier::Barrier(int n_threads)
    : n_threads_(static_cast<std::uint32_t>(std::max(n_threads, 1))), spins_(spins_of_team(n_threads)) {}

void Barrier::set_size(int n_threads) noexcept {
    n_threads_.store(static_cast<std::uint32_t>(std::max(n_threads, 1)), std::memory_order_relaxed);
}

void Barrier::wait() {
    // Read before arriving: once all have arrived it moves on.
    const std::uint32_t generation = generation_.load(std::memory_order_acquire);
    if ((generation & kAborted) != 0) throw BarrierAborted();
    const std::uint32_t n_threads = n_threads_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == n_threads) {
        arrived_.store(0, std::memory_order_relaxed);
        generation_.fetch_add(kOneRound, std::memory_order_acq_rel);
        return;
    }

    std::uint32_t now = generation_.load(std::memory_order_acquire);
    for (Backoff backoff(spins_); now == generation; now = generation_.load(std::memory_order_acquire)) backoff.pause();
    // Only a round that was not completed is given up. If a thread that is already past it aborts, whoever wakes up
    // late still goes on to the next barrier, so that which threads come to throw does not depend on their speed.
    if (now == (generation | kAborted)) throw BarrierAborted();
}

void Barrier::abort() noexcept { generation_.fetch_or(kAborted, std::memory_order_acq_rel); }

}  // namespace fastgd
