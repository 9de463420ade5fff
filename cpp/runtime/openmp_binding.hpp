#pragma once

#include <string>

// What the OpenMP runtime does not do by itself: be asked for its file, survive fork, and not end the process when it
// cannot create threads.
namespace fastgd::openmp {

std::string description();

// The processors that a team may use. Asked of OpenMP: where it binds threads (OMP_PROC_BIND), the calling thread's own
// mask holds one processor alone.
int processors();

// The process's one right to run a team, taken if it is free.
class TeamToken {
public:
    TeamToken() noexcept;
    ~TeamToken();
    TeamToken(const TeamToken&) = delete;
    TeamToken& operator=(const TeamToken&) = delete;

    explicit operator bool() const noexcept { return is_held_; }

private:
    bool is_held_;
};

// Whether the threads that a team of this size still lacks on the calling thread can be created: plain threads are
// started for a moment, as the runtime would end the process if its own failed.
bool threads_can_start(int n_threads) noexcept;

}  // namespace fastgd::openmp
