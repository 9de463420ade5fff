#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/kernel_table.hpp"

namespace fastgd {

// How the threads of a mini-batch step share the columns: whole panels, as even as panels allow.
inline Columns columns_of(int thread, int n_threads, std::ptrdiff_t n_features) {
    const std::ptrdiff_t n_panels = (n_features + kPanel - 1) / kPanel;
    const auto edge = [&](int t) {
        if (t == n_threads) return n_features;
        return std::min(n_panels, (n_features * t / n_threads + kPanel / 2) / kPanel) * kPanel;
    };
    return {edge(thread), edge(thread + 1)};
}

// Threads worth having: each needs a panel, and work that outweighs a barrier of about a microsecond.
inline int team_for_step(std::int64_t batch_rows, std::int64_t n_features, std::int64_t n_scores, int asked) {
    constexpr std::int64_t kStepWork = 64 * 1024;
    const std::int64_t n_panels = (n_features + kPanel - 1) / kPanel;
    const std::int64_t by_work = batch_rows * n_features * n_scores / kStepWork;
    return static_cast<int>(std::clamp<std::int64_t>(std::min<std::int64_t>(asked, by_work), 1, n_panels));
}

// Rows a team takes through forward, barrier and backward at once: enough to outweigh the barrier, few enough that
// they stay in each core's L2 and the exchanged scores stay small.
inline std::ptrdiff_t team_rows_at_once(std::ptrdiff_t own_row_bytes, std::ptrdiff_t n_scores,
                                        std::ptrdiff_t n_panels) {
    const std::ptrdiff_t by_rows = 384 * 1024 / std::max<std::ptrdiff_t>(own_row_bytes, 1);
    const std::ptrdiff_t by_scores = 1024 * 1024 / (n_scores * n_panels);
    return std::clamp<std::ptrdiff_t>(std::min(by_rows, by_scores), 16, 1024) / kRowTile * kRowTile;
}

}  // namespace fastgd
