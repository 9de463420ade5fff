#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "fastgd/errors.hpp"
#include "fastgd/minimize.hpp"

namespace fastgd {

// Thrown through a pass over the data, to end it.
struct Stopped {
    Status status;
};

// What ends a run from outside: its time limit, and who interrupts it. All is done on the calling thread.
class Watch {
public:
    Watch(Observer* observer, double time_limit) : observer_(observer), time_limit_(time_limit) {}
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // The limit's time begins.
    void start() { began_ = Clock::now(); }
    double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

    // Throws Stopped. Between parallel regions.
    void poll() {
        if (seconds() > time_limit_) throw Stopped{Status::time_limit};
        look();
        if (is_interrupted_) throw Stopped{Status::interrupted};
    }
    const std::function<void()>& polls() const { return polls_; }

    // Where a run cannot end, as of many large networks each copy takes long: the next poll ends it.
    void look() {
        try {
            is_interrupted_ = is_interrupted_ || (observer_ != nullptr && observer_->interrupted());
        } catch (const Interrupted&) {
            is_interrupted_ = true;
        }
    }
    const std::function<void()>& looks() const { return looks_; }
    // Whether one has seen an interruption that is not known of yet.
    bool take_interruption() { return std::exchange(is_interrupted_, false); }

    // Throws Interrupted; for before and after the descent, whose time limit is not theirs.
    std::function<void()> interruption() {
        return [this] {
            look();
            if (take_interruption()) throw Interrupted();
        };
    }

private:
    using Clock = std::chrono::steady_clock;

    Observer* observer_;
    double time_limit_;
    Clock::time_point began_ = Clock::now();
    bool is_interrupted_ = false;
    const std::function<void()> polls_ = [this] { poll(); };
    const std::function<void()> looks_ = [this] { look(); };
};

}  // namespace fastgd
