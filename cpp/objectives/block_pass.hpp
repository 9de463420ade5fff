#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "objectives/in_order.hpp"
#include "objectives/problem.hpp"
#include "objectives/row_block.hpp"
#include "runtime/backoff.hpp"
#include "runtime/team_poll.hpp"
#include "runtime/team_trials.hpp"
#include "runtime/thread_time.hpp"
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
    // Rooms for sums of blocks beyond one a thread.
    int spare_rooms = 0;

    // For the milliseconds that another process may have a thread's processor, as far as it takes little memory.
    void add_spare_rooms(std::int64_t bytes_of_sums) {
        constexpr std::int64_t kBytes = 1 << 16;
        const std::int64_t n_rooms = kBytes / std::max<std::int64_t>(bytes_of_sums, 1);
        spare_rooms = static_cast<int>(std::clamp<std::int64_t>(n_rooms - team, 0, 15 * team));
    }
    // Sums of blocks that may be alive: those that are being made, and those that wait for an earlier one.
    int n_rooms() const { return team + spare_rooms; }

    // Rows of the largest block.
    std::int64_t capacity() const { return std::min(n_rows, block_rows); }

    std::int64_t begin(std::int64_t block) const { return block * block_rows; }
    std::int64_t end(std::int64_t block) const { return std::min(n_rows, (block + 1) * block_rows); }
};

// `n_threads` 0: as many as there may be, which takes longer to ask for than a few rows.
template <class T>
BlockPlan plan_blocks(const Problem<T>& problem, std::ptrdiff_t n_scores, std::int64_t n_rows, int n_threads) {
    // Under this many bytes of data a second thread costs more than it brings.
    constexpr std::int64_t kSerialBytes = 256 * 1024;
    const std::int64_t row_work = problem.row_bytes() * std::max<std::int64_t>(1, n_scores / 4);
    const std::int64_t rows = block_rows(problem);
    const std::int64_t n_blocks = (n_rows + rows - 1) / rows;
    if (n_rows * row_work < kSerialBytes) return {n_rows, rows, n_blocks, 1};
    const int threads = n_threads > 0 ? n_threads : max_threads();
    return {n_rows, rows, n_blocks, static_cast<int>(std::min<std::int64_t>(threads, n_blocks))};
}

// work(thread, room, block) on whichever thread is free, then add(room) in the blocks' order; a room is a number below
// n_rooms() that no other block has meanwhile, and a thread's own number where that is free. `poll` is called on the
// calling thread between parallel regions of about 20 ms; what it throws ends the pass. `look` is what work looks at
// within blocks that take longer: the calling thread looks on while others are at theirs.
template <class Work, class Add>
void for_each_block(const BlockPlan& plan, const std::function<void()>& poll, Work&& work, Add&& add,
                    const TeamPoll* look = nullptr) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kSlice{20};
    std::atomic<std::int64_t> next_block{0};
    InOrder in_order(plan.n_blocks, plan.n_rooms(), plan.team);
    for (std::int64_t begin = 0; begin < plan.n_blocks; begin = next_block) {
        if (poll) poll();
        // Of the calling thread's blocks, without its waiting, for them or for a processor.
        std::chrono::duration<double> busy{0.0};
        std::int64_t n_own = 0;
        const auto began = Clock::now();
        const int n_threads = parallel(team_may_begin() ? plan.team : 1, [&](int thread, int) {
            const TeamPoll* own_look = thread == 0 ? look : nullptr;
            try {
                while (true) {
                    const int room = in_order.take(thread, own_look);
                    if (room == InOrder::kNone) return;
                    const std::int64_t b = next_block++;
                    if (b >= plan.n_blocks) {
                        in_order.leave(room);
                        break;
                    }
                    const bool is_timed = thread == 0 && plan.team > 1;
                    const auto block_began = is_timed ? thread_time() : busy;
                    work(thread, room, b);
                    in_order.bring(b, room, add);
                    if (is_timed) {
                        busy += thread_time() - block_began;
                        ++n_own;
                    }
                    if (poll && Clock::now() - began >= kSlice) break;
                }
                if (own_look == nullptr) return;
                for (Backoff backoff(0); in_order.is_making(); backoff.pause()) (*own_look)();
            } catch (...) {
                in_order.close();
                throw;
            }
        });
        if (n_threads == 1 || n_own == 0) continue;
        // At its own pace the calling thread would have made all blocks in this time.
        const std::int64_t n_made = std::min<std::int64_t>(next_block, plan.n_blocks) - begin;
        const double n_blocks_of_own = static_cast<double>(n_made) / static_cast<double>(n_own);
        team_has_lost(Clock::now() - began - n_blocks_of_own * busy);
    }
}

}  // namespace fastgd
