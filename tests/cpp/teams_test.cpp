// What teams of threads do when one of them is late: blocks keep their order, rooms are nobody else's, and a team that
// has lost time is not formed again soon.

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "objectives/in_order.hpp"
#include "runtime/team_trials.hpp"
#include "runtime_check.hpp"

namespace {

using namespace fastgd;
using namespace std::chrono_literals;

constexpr int kBlocks = 400;
constexpr int kThreads = 4;

// Threads of unlike pace, the first held up long enough for the others to fill all rooms.
void test_order(int n_rooms) {
    constexpr std::int64_t kFirst = 7;
    InOrder in_order(kFirst, kFirst + kBlocks, n_rooms, kThreads);
    std::atomic<std::int64_t> next{kFirst};
    std::vector<std::int64_t> room(static_cast<std::size_t>(n_rooms), -1);
    const auto users = std::make_unique<std::atomic<int>[]>(room.size());
    std::vector<std::int64_t> added;
    std::atomic<int> n_adding{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            while (true) {
                const int mine = in_order.take();
                const std::int64_t block = next++;
                if (mine == InOrder::kNone || block >= kFirst + kBlocks) return;
                const auto at = static_cast<std::size_t>(mine);
                CHECK(++users[at] == 1);
                room[at] = block;
                if (block == kFirst) std::this_thread::sleep_for(20ms);
                if (block % 16 == t) std::this_thread::sleep_for(100us);
                in_order.bring(block, mine, [&](int of_block) {
                    const auto from = static_cast<std::size_t>(of_block);
                    CHECK(++n_adding == 1);
                    if (room[from] % 8 == 0) std::this_thread::sleep_for(100us);
                    --n_adding;
                    added.push_back(room[from]);
                    CHECK(--users[from] == 0);
                });
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(added.size() == kBlocks);
    for (std::size_t i = 0; i < added.size(); ++i) CHECK(added[i] == kFirst + static_cast<std::int64_t>(i));
}

// Who waits for a room is let go where a thread will not bring its block.
void test_close() {
    InOrder in_order(0, 10, 1, 2);
    CHECK(in_order.take() == 0);
    std::thread waiting([&] { CHECK(in_order.take() == InOrder::kNone); });
    std::this_thread::sleep_for(5ms);
    in_order.close();
    waiting.join();
}

void test_trials() {
    CHECK(TeamTrials::may_begin());
    TeamTrials::lost(-1s);
    CHECK(TeamTrials::may_begin());
    TeamTrials::lost(20ms);
    CHECK(!TeamTrials::may_begin());
    const auto begin = TeamTrials::Clock::now();
    while (!TeamTrials::may_begin()) std::this_thread::sleep_for(1ms);
    CHECK(TeamTrials::Clock::now() - begin > 150ms);
}

}  // namespace

int main() {
    test_order(kThreads);
    test_order(16 * kThreads);
    test_close();
    test_trials();
    return n_failed == 0 ? 0 : 1;
}
