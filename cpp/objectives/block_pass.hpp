#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "objectives/problem.hpp"
#include "objectives/row_block.hpp"
#include "runtime/threads.hpp"

namespace fastgd {

// Blocks of at least this many rows are summed in the compute type; blocks are added up in double, in order.
inline constexpr std::int64_t kBlockRows = 1024;

// Of a CSR matrix a block has so many rows that its entries outweigh adding up its gradient, which is dense.
template <class T>
std::int64_t block_rows(const Problem<T>& problem) {
    constexpr std::int64_t kEntriesAColumn = 8;
    constexpr std::int64_t kMostRows = 1 << 16;
    if (!problem.sparse()) return kBlockRows;
    const std::int64_t rows = kEntriesAColumn * problem.X.n_cols / problem.row_entries();
    return round_up(std::clamp(rows, kBlockRows, kMostRows), kSumLanes);
}

// How a pass over rows is cut up.
struct BlockPlan {
    std::int64_t n_rows;
    std::int64_t block_rows;
    std::int64_t n_blocks;
    int team;
    // Blocks between two calls of `poll`: about 64 MB of data, less where there is more arithmetic on it.
    std::int64_t stretch;

    // Rows of the largest block.
    std::int64_t capacity() const { return std::min(n_rows, block_rows); }

    std::int64_t begin(std::int64_t block) const { return block * block_rows; }
    std::int64_t end(std::int64_t block) const { return std::min(n_rows, (block + 1) * block_rows); }
};

template <class T>
BlockPlan plan_blocks(const Problem<T>& problem, std::ptrdiff_t n_scores, std::int64_t n_rows, int n_threads) {
    // Under this many bytes of data a second thread costs more than it brings.
    constexpr std::int64_t kSerialBytes = 256 * 1024;
    const std::int64_t row_work = problem.row_bytes() * std::max<std::int64_t>(1, n_scores / 4);
    const std::int64_t rows = block_rows(problem);
    const std::int64_t n_blocks = (n_rows + rows - 1) / rows;
    const int team =
        n_rows * row_work < kSerialBytes ? 1 : static_cast<int>(std::min<std::int64_t>(n_threads, n_blocks));
    const std::int64_t fewest = problem.sparse() ? 2 * team : 16;
    return {n_rows, rows, n_blocks, team, std::max(fewest, (std::int64_t{64} << 20) / (rows * row_work))};
}

// Lets threads pass in the order of their tickets.
class Turnstile {
public:
    explicit Turnstile(std::int64_t first) : turn_(first) {}
    // False where it was closed.
    bool wait_for(std::int64_t ticket) {
        for (int spins = 0;; ++spins) {
            const std::int64_t turn = turn_.load(std::memory_order_acquire);
            if (turn == ticket || turn == kClosed) return turn == ticket;
            if (spins > 1000) std::this_thread::yield();
        }
    }
    void next(std::int64_t ticket) { turn_.store(ticket + 1, std::memory_order_release); }
    // Lets nobody wait for a thread that will not come.
    void close() { turn_.store(kClosed, std::memory_order_release); }

private:
    static constexpr std::int64_t kClosed = -1;
    alignas(64) std::atomic<std::int64_t> turn_;
};

// work(thread, block) on whichever thread is free, then add(thread) in the blocks' order. `poll` is called on the
// calling thread between parallel regions; what it throws ends the pass.
template <class Work, class Add>
void for_each_block(const BlockPlan& plan, const std::function<void()>& poll, Work&& work, Add&& add) {
    const std::int64_t stretch = poll ? plan.stretch : plan.n_blocks;
    for (std::int64_t begin = 0; begin < plan.n_blocks; begin += stretch) {
        if (poll) poll();
        const std::int64_t end = std::min(plan.n_blocks, begin + stretch);
        std::atomic<std::int64_t> next_block{begin};
        Turnstile turnstile(begin);
        parallel(plan.team, [&](int thread, int) {
            try {
                for (std::int64_t b = next_block++; b < end; b = next_block++) {
                    work(thread, b);
                    if (!turnstile.wait_for(b)) return;
                    add(thread);
                    turnstile.next(b);
                }
            } catch (...) {
                turnstile.close();
                throw;
            }
        });
    }
}

}  // namespace fastgd
