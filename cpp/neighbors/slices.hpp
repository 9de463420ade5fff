#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <vector>

#include "runtime/threads.hpp"

namespace fastgd {

// step(worker) for the workers 0..n_workers, each on one thread at a time, again and again until it is false. `poll` is
// called on the calling thread between parallel regions of about 40 ms; what it throws ends the work. The clock decides
// how many steps a worker makes in a region: only for work whose result does not depend on who does it.
template <class Step>
void in_slices(int n_workers, const std::function<void()>& poll, Step&& step) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kSlice{40};
    std::vector<char> works(static_cast<std::size_t>(n_workers), 1);
    while (std::find(works.begin(), works.end(), 1) != works.end()) {
        if (poll) poll();
        std::atomic<int> next{0};
        parallel(n_workers, [&](int, int) {
            for (int w = next++; w < n_workers; w = next++) {
                char& goes_on = works[static_cast<std::size_t>(w)];
                const Clock::time_point end = Clock::now() + kSlice;
                while (goes_on != 0) {
                    goes_on = step(w) ? 1 : 0;
                    if (poll && Clock::now() >= end) break;
                }
            }
        });
    }
}

}  // namespace fastgd
