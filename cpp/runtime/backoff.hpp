#pragma once

#include <chrono>

namespace fastgd {

// How often a thread of such a team may spin before it gives its core away: for about 20 microseconds, and not at all
// where there are more threads than processors, since whoever is missing waits for this very core.
int spins_of_team(int n_threads);

// How a thread waits for another: pause() until that has come. It spins first, as the other is mostly about to come.
// Then it yields. Then it sleeps for short times: the other waits for a processor that somebody else has, and only an
// idle one takes over who waits elsewhere. Who yields is not idle.
class Backoff {
public:
    explicit Backoff(int spins) : spins_(spins) {}

    void pause();

private:
    int spins_;
    std::chrono::steady_clock::time_point sleeps_from_{};
};

}  // namespace fastgd
