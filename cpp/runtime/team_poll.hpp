#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "runtime/barrier.hpp"

namespace fastgd {

// `poll`, which may be empty, for every thread of a team: asked on the thread that made this one, whose exception it
// passes on; the work of the others ends once it has thrown there.
class TeamPoll {
public:
    explicit TeamPoll(const std::function<void()>& poll) : poll_(poll) {}

    void operator()() const {
        if (!poll_) return;
        if (is_over_.load(std::memory_order_relaxed)) throw BarrierAborted();
        if (std::this_thread::get_id() != caller_) return;
        try {
            poll_();
        } catch (...) {
            is_over_ = true;
            throw;
        }
    }

    // The same where a function is asked for; empty where `poll` is. This has to outlive it.
    std::function<void()> function() const { return poll_ ? std::function<void()>(std::cref(*this)) : nullptr; }

private:
    const std::function<void()>& poll_;
    std::thread::id caller_ = std::this_thread::get_id();
    mutable std::atomic<bool> is_over_{false};
};

}  // namespace fastgd
