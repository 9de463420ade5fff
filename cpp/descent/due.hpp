#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace fastgd {

// When the next checkpoint is due: so many epochs or seconds after the last one, and at the end of a run.
class Due {
public:
    // Never.
    Due() = default;
    Due(std::int64_t epochs, double seconds) : epochs_(epochs), seconds_(seconds) {}

    bool at(std::int64_t n_epochs, bool is_end = false) const {
        if (epochs_ == 0 && seconds_ == kNever) return false;
        const std::chrono::duration<double> since = Clock::now() - saved_;
        return is_end || (epochs_ > 0 && n_epochs - n_epochs_ >= epochs_) || since.count() >= seconds_;
    }
    // At the start of a run, too.
    void saved(std::int64_t n_epochs) {
        n_epochs_ = n_epochs;
        saved_ = Clock::now();
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr double kNever = std::numeric_limits<double>::infinity();

    std::int64_t epochs_ = 0;
    double seconds_ = kNever;
    std::int64_t n_epochs_ = 0;
    Clock::time_point saved_{};
};

}  // namespace fastgd
