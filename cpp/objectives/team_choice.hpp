#pragma once

#include <algorithm>
#include <limits>

namespace fastgd {

// Whether a team is faster than one thread just now. It is not where another process has a core: each step then waits
// for it. Both give the same bits, so the clock may decide. A team that loses is tried again later, twice as late each
// time.
class TeamChoice {
public:
    bool wants_team() const { return wants_team_; }

    // Seconds a row that the last stretch took, made as wants_team() said.
    void took(double seconds) {
        if (wants_team_) {
            team_ = seconds;
            wants_team_ = team_ < alone_;
            if (wants_team_) patience_ = kShortest;
            left_ = patience_;
        } else {
            alone_ = seconds;
            wants_team_ = team_ < alone_ || --left_ == 0;
            if (left_ == 0) patience_ = std::min(2 * patience_, kLongest);
        }
    }

private:
    static constexpr int kShortest = 4;
    static constexpr int kLongest = 256;

    bool wants_team_ = true;
    double team_ = std::numeric_limits<double>::infinity();
    // Not known yet: the first stretch of a team is followed by one without.
    double alone_ = 0.0;
    int patience_ = kShortest;
    int left_ = kShortest;
};

}  // namespace fastgd
