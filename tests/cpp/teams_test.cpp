// What teams of threads do when one of them is late: blocks keep their order, rooms are nobody else's, and a team that
// has lost time is not formed again soon.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "objectives/block_pass.hpp"
#include "objectives/in_order.hpp"
#include "objectives/team_choice.hpp"
#include "runtime/team_poll.hpp"
#include "runtime/team_trials.hpp"
#include "runtime_check.hpp"

namespace {

using namespace fastgd;
using namespace std::chrono_literals;

constexpr int kBlocks = 400;
constexpr int kThreads = 4;

// Threads of unlike pace, the first held up long enough for the others to fill all rooms.
void test_order(int n_rooms) {
    InOrder in_order(kBlocks, n_rooms, kThreads);
    std::atomic<std::int64_t> next{0};
    std::vector<std::int64_t> room(static_cast<std::size_t>(n_rooms), -1);
    const auto users = std::make_unique<std::atomic<int>[]>(room.size());
    std::vector<std::int64_t> added;
    std::atomic<int> n_adding{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            while (true) {
                const int mine = in_order.take(t);
                const std::int64_t block = next++;
                if (mine == InOrder::kNone) return;
                if (block >= kBlocks) return in_order.leave(mine);
                const auto at = static_cast<std::size_t>(mine);
                CHECK(++users[at] == 1);
                room[at] = block;
                if (block == 0) std::this_thread::sleep_for(20ms);
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
    for (std::size_t i = 0; i < added.size(); ++i) CHECK(added[i] == static_cast<std::int64_t>(i));
}

// Who waits for a room is let go where a thread will not bring its block.
void test_close() {
    InOrder in_order(10, 1, 2);
    CHECK(!in_order.is_making());
    CHECK(in_order.take(0) == 0);
    CHECK(in_order.is_making());
    std::thread waiting([&] { CHECK(in_order.take(0) == InOrder::kNone); });
    std::this_thread::sleep_for(5ms);
    in_order.close();
    waiting.join();
    CHECK(!in_order.is_making());
}

// The calling thread looks on while another is at a long block, which ends with what a look throws: where it has no
// room for a further block, and where no block is left.
void test_looking_on(int n_spare_rooms) {
    const auto wait_until = [](auto&& holds) {
        for (int i = 0; i < 10'000 && !holds(); ++i) std::this_thread::sleep_for(1ms);
    };
    const auto calling = std::this_thread::get_id();
    std::atomic<bool> is_other_at_work{false};
    std::atomic<bool> is_over{false};
    int n_own = 0;
    int n_looks = 0;
    const std::function<void()> poll = [&] {
        if (n_own > 0 && ++n_looks > 3) throw std::runtime_error("stop");
    };
    const TeamPoll look(poll);
    const auto stops = [&] { return has(message_of<BarrierAborted>(look), BarrierAborted().what()); };
    const auto work = [&](int, int, std::int64_t) {
        if (std::this_thread::get_id() == calling) {
            wait_until([&] { return is_other_at_work.load(); });
            n_looks = 0;
            ++n_own;
            return;
        }
        is_other_at_work = true;
        wait_until([&] { return is_over = stops(); });
    };
    constexpr int kFew = 10;
    const BlockPlan plan{kFew, 1, kFew, 2, n_spare_rooms};
    const auto pass = [&] {
        for_each_block(
            plan, nullptr, work, [](int) {}, &look);
    };
    CHECK(message_of<std::runtime_error>(pass) == "stop");
    CHECK(is_over && (n_spare_rooms == 0 || n_own == kFew - 1));
}

// Who stretches are given to: one thread, and a team while that is faster.
void test_choice() {
    TeamChoice choice;
    std::vector<bool> asked;
    const auto stretch = [&](std::chrono::milliseconds alone, std::chrono::milliseconds team, int n_threads) {
        choice.stretch(100, [&](bool as_team) {
            asked.push_back(as_team);
            std::this_thread::sleep_for(as_team ? team : alone);
            return as_team ? n_threads : 1;
        });
    };
    for (int i = 0; i < 3; ++i) stretch(40ms, 4ms, 2);
    CHECK(asked == std::vector<bool>{false, true, true});
    // One that had no other thread tells nothing.
    stretch(40ms, 90ms, 1);
    CHECK(team_may_begin());
    stretch(40ms, 80ms, 2);
    CHECK(!team_may_begin());
    asked.clear();
    stretch(40ms, 80ms, 2);
    CHECK(asked == std::vector<bool>{false});
    while (!team_may_begin()) std::this_thread::sleep_for(1ms);
    stretch(40ms, 4ms, 2);
    CHECK(asked.back());
}

void test_trials() {
    CHECK(team_may_begin());
    team_has_lost(-1s);
    CHECK(team_may_begin());
    team_has_lost(20ms);
    CHECK(!team_may_begin());
    // It does not shorten the pause.
    team_has_lost(1us);
    const auto begin = std::chrono::steady_clock::now();
    while (!team_may_begin()) std::this_thread::sleep_for(1ms);
    CHECK(std::chrono::steady_clock::now() - begin > 150ms);
}

}  // namespace

int main() {
    test_order(1);
    test_order(kThreads);
    test_order(16 * kThreads);
    test_close();
    test_looking_on(0);
    test_looking_on(16);
    test_trials();
    test_choice();
    return n_failed == 0 ? 0 : 1;
}
