#pragma once

#include <atomic>
#include <cstdint>
#include <exception>

namespace fastgd {

// Thrown by Barrier::wait after Barrier::abort: some other thread gave up, this one has nothing to report.
class BarrierAborted : public std::exception {
public:
    const char* what() const noexcept override { return "another thread of the team gave up"; }
};

// The point that all threads of a team reach before one goes on.
class alignas(64) Barrier {
public:
    explicit Barrier(int n_threads);
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;

    // Returns when all n_threads have called it. Everything written before by any of them is visible after it.
    void wait();

    // Ends this barrier for good: every wait, also one that has begun, throws BarrierAborted. A round for which all
    // have arrived is completed first.
    void abort() noexcept;

    int size() const noexcept { return static_cast<int>(n_threads_.load(std::memory_order_relaxed)); }

    // The size of the team as it turned out. Every member calls it, with the same number, before its first wait.
    void set_size(int n_threads) noexcept;

private:
    // The last to arrive writes both; they lie apart so that an arrival does not disturb those who already spin.
    alignas(64) std::atomic<std::uint32_t> arrived_{0};
    alignas(64) std::atomic<std::uint32_t> generation_{0};
    std::atomic<std::uint32_t> n_threads_;
    int spins_;
};

}  // namespace fastgd
