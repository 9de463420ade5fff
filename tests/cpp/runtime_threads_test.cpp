// The run-time layer's threads: barrier, teams, fork, failed thread creation. A plain program: it prints what fails,
// and its exit status is 1 then.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "runtime/barrier.hpp"
#include "runtime/threads.hpp"
#include "runtime_check.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(HAS_FORK)
#include <sys/resource.h>
#endif

namespace {

const bool has_openmp = fastgd::openmp_runtime() != "none";

// What a team of n is in this build.
int team_of(int n) { return has_openmp ? n : 1; }

// The same in a child. Without its own handlers LLVM's runtime would wait there for threads that there are not.
int childs_team_of(int n) {
    const bool is_llvm = fastgd::openmp_runtime().find("libomp") != std::string::npos;
    const char* handlers = std::getenv("KMP_INIT_AT_FORK");
    return is_llvm && handlers != nullptr && std::string(handlers) == "FALSE" ? 1 : team_of(n);
}

// The size of the team that a call with n runs on, which each thread must agree with.
int run(int n) {
    std::vector<std::atomic<int>> calls(static_cast<std::size_t>(n));
    std::atomic<int> told{0};
    const int team = fastgd::parallel(n, [&](int thread, int n_threads) {
        ++calls[static_cast<std::size_t>(thread)];
        told = n_threads;
    });
    CHECK(told == team);
    for (int thread = 0; thread < n; ++thread) {
        CHECK(calls[static_cast<std::size_t>(thread)] == (thread < team ? 1 : 0));
    }
    return team;
}

void spawn(int n_threads, const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < n_threads; ++i) {
        threads.emplace_back(body, i);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

void test_barrier() {
    constexpr int n = 7;
    constexpr int rounds = 2000;
    fastgd::Barrier barrier(n);
    CHECK(barrier.size() == n);
    // Plain numbers: the barrier alone makes them visible. Doubled, as a fast thread may be one round ahead.
    std::array<std::array<int, n>, 2> written{};
    std::atomic<int> n_wrong{0};
    spawn(n, [&](int thread) {
        for (int round = 0; round < rounds; ++round) {
            auto& row = written[static_cast<std::size_t>(round % 2)];
            row[static_cast<std::size_t>(thread)] = round;
            barrier.wait();
            n_wrong += static_cast<int>(std::count_if(row.begin(), row.end(), [&](int v) { return v != round; }));
        }
    });
    CHECK(n_wrong == 0);

    // One gives up: those who wait and those who come later all learn of it.
    fastgd::Barrier given_up(n);
    std::atomic<int> n_told{0};
    spawn(n, [&](int thread) {
        if (thread == 3) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            given_up.abort();
            return;
        }
        if (thread == 6) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        try {
            given_up.wait();
        } catch (const fastgd::BarrierAborted&) {
            ++n_told;
        }
    });
    CHECK(n_told == n - 1);

    fastgd::Barrier alone(1);
    alone.wait();
    alone.wait();
    alone.abort();
    CHECK(!message_of<fastgd::BarrierAborted>([&] { alone.wait(); }).empty());
    CHECK(fastgd::Barrier(0).size() == 1);
}

void test_teams() {
    CHECK(run(1) == 1);
    CHECK(run(2) == team_of(2));
    CHECK(run(7) == team_of(7));
    CHECK(run(3) == team_of(3));
    CHECK(run(7) == team_of(7));
    int calls = 0;
    CHECK(fastgd::parallel(0, [&](int, int n_threads) { calls += n_threads; }) == 1);
    CHECK(fastgd::parallel(-5, [&](int, int n_threads) { calls += n_threads; }) == 1);
    CHECK(calls == 2);

    // A barrier a step, as a fit has them.
    std::array<std::atomic<int>, 2> sums{};
    std::atomic<int> n_wrong{0};
    const int team = fastgd::parallel(7, [&](int, int n_threads, fastgd::Barrier& barrier) {
        for (int step = 0; step < 500; ++step) {
            ++sums[static_cast<std::size_t>(step % 2)];
            barrier.wait();
            n_wrong += sums[static_cast<std::size_t>(step % 2)] == n_threads * (step / 2 + 1) ? 0 : 1;
        }
    });
    CHECK(team == team_of(7));
    CHECK(n_wrong == 0);
}

void test_numbers_of_threads() {
    const int by_default = fastgd::max_threads();
    CHECK(by_default >= 1);
    fastgd::set_num_threads(5);
    CHECK(fastgd::max_threads() == 5);
    CHECK(has(message_of<std::invalid_argument>([] { fastgd::set_num_threads(-2); }), "n = -2"));
    CHECK(fastgd::max_threads() == 5);
    fastgd::set_num_threads(0);
    CHECK(fastgd::max_threads() == by_default);
#if defined(_OPENMP)
    CHECK(has_openmp && has(fastgd::openmp_runtime(), "omp"));
    // As threadpoolctl does it.
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    CHECK(fastgd::max_threads() == 1);
    omp_set_num_threads(before);
    CHECK(fastgd::max_threads() == by_default);
    // In someone else's region.
    int n_teams = 0;
#pragma omp parallel num_threads(2)
    {
        const int team = run(3);
#pragma omp atomic
        n_teams += team;
    }
    CHECK(n_teams == 2);
#endif
}

void test_exceptions() {
    const auto thrown = [](const std::set<int>& throwing, bool others_wait) {
        return message_of<std::runtime_error>([&] {
            fastgd::parallel(7, [&](int thread, int n_threads, fastgd::Barrier& barrier) {
                barrier.wait();
                if (throwing.count(thread) != 0 || n_threads == 1) {
                    throw std::runtime_error("thread " + std::to_string(n_threads == 1 ? *throwing.begin() : thread));
                }
                if (others_wait) {
                    barrier.wait();
                }
            });
        });
    };
    for (int repetition = 0; repetition < 50; ++repetition) {
        CHECK(thrown({4}, true) == "thread 4");
        CHECK(thrown({6}, false) == "thread 6");
        CHECK(thrown({2, 3, 5}, false) == "thread 2");
        CHECK(thrown({0, 1, 2, 3, 4, 5, 6}, true) == "thread 0");
    }
    CHECK(!message_of<fastgd::BarrierAborted>([] {
               fastgd::parallel(3, [](int thread, int n_threads, fastgd::Barrier& barrier) {
                   if (thread == n_threads - 1) {
                       barrier.abort();
                   }
                   barrier.wait();
               });
           }).empty());
    CHECK(run(7) == team_of(7));
}

void test_one_team() {
    std::atomic<int> n_nested{0};
    const int team = fastgd::parallel(4, [&](int, int) { n_nested += run(4); });
    CHECK(team == team_of(4));
    CHECK(n_nested == team);

    // While one thread has a team, another one's call is serial, and has one afterwards.
    std::atomic<bool> is_running{false};
    std::atomic<bool> may_end{false};
    std::thread holder([&] {
        fastgd::parallel(2, [&](int thread, int) {
            is_running = true;
            while (thread == 0 && !may_end) {
                std::this_thread::yield();
            }
        });
    });
    while (!is_running) {
        std::this_thread::yield();
    }
    CHECK(run(3) == 1 || !has_openmp);
    CHECK(message_of<std::runtime_error>(
              [] { fastgd::parallel(3, [](int, int) { throw std::runtime_error("serial"); }); }) == "serial");
#if defined(HAS_FORK)
    // The child has no other threads, so nobody who would give the token back.
    CHECK(in_child([] { return run(3) == childs_team_of(3) && run(3) == childs_team_of(3); }));
#endif
    may_end = true;
    holder.join();
    CHECK(run(3) == team_of(3));

    // Several calling threads, each now and then: nobody waits for ever, somebody gets a team.
    std::atomic<int> n_teams{0};
    spawn(4, [&](int) {
        for (int i = 0; i < 100; ++i) {
            n_teams += run(3) == team_of(3) ? 1 : 0;
        }
    });
    CHECK(n_teams > 0);
}

#if defined(HAS_FORK)

void test_fork() {
    CHECK(run(7) == team_of(7));
    for (int repetition = 0; repetition < 3; ++repetition) {
        CHECK(in_child([] {
            return run(4) == childs_team_of(4) && run(7) == childs_team_of(7) &&
                   in_child([] { return run(5) == childs_team_of(5); });
        }));
        CHECK(run(4) == team_of(4));
    }
    // Forked by a thread that has had no team, beside one that has.
    spawn(1, [](int) { CHECK(in_child([] { return run(2) == childs_team_of(2); })); });
}

bool can_start_threads(int count) {
    std::vector<std::thread> threads;
    std::atomic<bool> may_end{false};
    bool have_started = true;
    try {
        for (int i = 0; i < count; ++i) {
            threads.emplace_back([&] {
                while (!may_end) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                }
            });
        }
    } catch (const std::system_error&) {
        have_started = false;
    }
    may_end = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
    return have_started;
}

// No more processes for this user. It does not bind the superuser, who therefore becomes someone else.
void forbid_threads() {
    const rlimit none{1, 1};
    CHECK(setrlimit(RLIMIT_NPROC, &none) == 0);
    if (geteuid() == 0) {
        CHECK(setuid(65534) == 0);
    }
    CHECK(!can_start_threads(1));
}

void test_failed_thread_creation() {
    // OpenMP itself would end the process here.
    CHECK(in_child([] {
        forbid_threads();
        return run(7) == 1 && run(2) == 1;
    }));
    // The team from before the limit is kept and used, a larger one cannot be had, and later it can again.
    CHECK(in_child([] {
        const int before = run(4);
        rlimit limit{};
        getrlimit(RLIMIT_NPROC, &limit);
        const rlimit none{1, limit.rlim_max};
        CHECK(setrlimit(RLIMIT_NPROC, &none) == 0);
        if (geteuid() == 0) {
            CHECK(seteuid(65534) == 0 && setreuid(65534, static_cast<uid_t>(-1)) == 0);
        }
        CHECK(run(4) == before);
        CHECK(run(7) == 1);
        CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
        return run(7) == childs_team_of(7);
    }));
}

#endif

}  // namespace

int main() {
#if defined(HAS_FORK)
    alarm(300);  // what hangs, fails
#endif
    std::printf("OpenMP runtime: %s\n", fastgd::openmp_runtime().c_str());
    test_barrier();
    test_teams();
    test_numbers_of_threads();
    test_exceptions();
    test_one_team();
#if defined(HAS_FORK)
    test_fork();
    test_failed_thread_creation();
#endif
    std::printf("%d failures\n", n_failed.load());
    return n_failed == 0 ? 0 : 1;
}
