#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <vector>

#include "runtime/backoff.hpp"
#include "runtime/team_poll.hpp"

namespace fastgd {

// Adds up blocks in their order while threads make them in any: whoever brings the one that is next adds it and those
// that wait behind it. So a thread that is held up holds up no other, as long as there is room for what these make.
class InOrder {
public:
    static constexpr int kNone = -1;

    InOrder(std::int64_t n_blocks, int n_rooms, int n_threads)
        : room_of_(static_cast<std::size_t>(n_blocks), kNone), spins_(spins_of_team(n_threads)) {
        for (int room = n_rooms; room-- > 0;) free_.push_back(room);
    }

    // A room for the sums of a block, `own` if that is free: what lies in it is in the thread's cache. Asked for before
    // the block is chosen: of those that are being made, the next one then has a room. None where it was closed.
    // `look`, which may be null, is looked at each time that it tries.
    int take(int own, const TeamPoll* look = nullptr) {
        for (Backoff backoff(spins_);; backoff.pause()) {
            if (look != nullptr) (*look)();
            const std::lock_guard<std::mutex> lock(mutex_);
            if (is_closed_) return kNone;
            if (free_.empty()) continue;
            const auto found = std::find(free_.begin(), free_.end(), own);
            const auto taken = found != free_.end() ? found : free_.end() - 1;
            const int room = *taken;
            free_.erase(taken);
            ++n_making_;
            return room;
        }
    }

    // Of a thread for which no block was left.
    void leave(int room) {
        const std::lock_guard<std::mutex> lock(mutex_);
        free_.push_back(room);
        --n_making_;
    }

    // A block is made; calls add(room) for all that can be added now.
    template <class Add>
    void bring(std::int64_t block, int room, Add&& add) {
        std::unique_lock<std::mutex> lock(mutex_);
        room_of_[static_cast<std::size_t>(block)] = room;
        --n_making_;
        if (is_adding_) return;
        is_adding_ = true;
        while (next_ < room_of_.size() && room_of_[next_] != kNone) {
            const int of_next = room_of_[next_];
            lock.unlock();
            add(of_next);
            lock.lock();
            free_.push_back(of_next);
            ++next_;
        }
        is_adding_ = false;
    }

    // Whether a block is still being made or added; not where it was closed.
    bool is_making() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return (n_making_ > 0 || is_adding_) && !is_closed_;
    }

    // Lets nobody wait for a thread that will not come.
    void close() {
        const std::lock_guard<std::mutex> lock(mutex_);
        is_closed_ = true;
    }

private:
    std::mutex mutex_;
    // Of blocks that are made.
    std::vector<int> room_of_;
    std::size_t next_ = 0;
    std::vector<int> free_;
    int n_making_ = 0;
    bool is_adding_ = false;
    bool is_closed_ = false;
    int spins_;
};

}  // namespace fastgd
