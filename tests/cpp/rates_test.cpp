// Learning rates as the loop asks for them: the same bits everywhere, memory that a checkpoint can keep, errors. A
// plain program: it prints what fails, and its exit status is 1 then.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "descent/rates.hpp"
#include "runtime_check.hpp"
#include "schedules/registry.hpp"

namespace {

using fastgd::PerModel;
using fastgd::Rates;
using fastgd::ScheduleSpec;

// Each schedule with what it has to be given.
std::vector<ScheduleSpec> each() {
    const auto cosine = std::make_shared<const ScheduleSpec>(ScheduleSpec{"cosine", {{"lr", {0.3}}, {"t_max", {70}}}});
    return {
        {"constant", {{"lr", {0.3}}}},
        {"inverse_scaling", {{"lr", {0.3}}, {"power_t", {0.7}}}},
        {"optimal", {{"alpha", {1e-3}}}},
        {"step", {{"lr", {0.3}}, {"step_size", {7}}, {"gamma", {0.9}}}},
        {"exponential", {{"lr", {0.3}}, {"gamma", {0.99}}}},
        {"polynomial", {{"lr", {0.3}}, {"total_iters", {900}}, {"power", {1.7}}}},
        *cosine,
        {"cosine_warm_restarts", {{"lr", {0.3}}, {"t_0", {30}}, {"t_mult", {2}}, {"eta_min", {0.01}}}},
        {"one_cycle", {{"lr", {0.3}}, {"total_steps", {800}}}},
        {"warmup", {{"steps", {200}}}, false, cosine},
        {"reduce_on_plateau", {{"lr", {0.3}}, {"patience", {2}}, {"factor", {0.7}}}},
    };
}

double loss_of(std::int64_t epoch) { return epoch < 20 ? 1.0 / static_cast<double>(1 + epoch) : 1.0; }

void test_bits() {
    std::uint64_t hash = 0;
    std::vector<std::string> seen;
    for (const ScheduleSpec& spec : each()) {
        Rates rates(spec, 1);
        for (std::int64_t step = 0; step < 1000; ++step) {
            hash = hash * 1099511628211u + std::bit_cast<std::uint64_t>(rates.rate(0, step, 0));
            rates.epoch_end(0, loss_of(step));
        }
        seen.push_back(spec.name);
    }
    std::printf("hash of rates: %llx\n", static_cast<unsigned long long>(hash));
    CHECK(hash == 0x3cd25c19be7442acu);
    for (const fastgd::ScheduleInfo& info : fastgd::kSchedules)
        CHECK(std::find(seen.begin(), seen.end(), info.name) != seen.end());
}

void test_memory() {
    const auto plateau = std::make_shared<const ScheduleSpec>(each().back());
    for (const ScheduleSpec& spec : {*plateau, ScheduleSpec{"warmup", {{"steps", {30}}}, false, plateau}}) {
        Rates whole(spec, 2);
        Rates first(spec, 2);
        Rates second(spec, 2);
        CHECK(std::all_of(first.memory().begin(), first.memory().end(), [](double v) { return v == 0.0; }));
        for (std::int64_t epoch = 0; epoch < 60; ++epoch) {
            Rates& half = epoch < 25 ? first : second;
            if (epoch == 25) std::copy(first.memory().begin(), first.memory().end(), second.memory().begin());
            for (std::size_t m = 0; m < 2; ++m) {
                CHECK(whole.rate(m, epoch, epoch) == half.rate(m, epoch, epoch));
                const double loss = loss_of(epoch + 3 * static_cast<std::int64_t>(m));
                whole.epoch_end(m, loss);
                half.epoch_end(m, loss);
            }
        }
        CHECK(whole.rate(0, 60, 60) < 0.1);
    }
    CHECK(Rates(each().front(), 3).memory().empty());
}

void test_functions() {
    struct Mine {
        std::int64_t step;
    };
    ScheduleSpec spec{.name = "mine"};
    spec.calls = {[](std::int64_t step) { return 0.5 * static_cast<double>(step); },
                  [](std::int64_t step) -> double { throw Mine{step}; }};
    const Rates rates(spec, 2);
    CHECK(rates.rate(0, 3, 9) == 1.5);
    std::int64_t thrown_at = 0;
    try {
        rates.rate(1, 7, 9);
    } catch (const Mine& mine) {
        thrown_at = mine.step;
    }
    CHECK(thrown_at == 7);
    spec.by_epoch = true;
    CHECK(Rates(spec, 2).rate(0, 3, 9) == 4.5);
    CHECK(has(message_of<std::invalid_argument>([&] { rates.rate(0, -1, 0); }),
              "'mine' must give a finite rate >= 0, got -0.5 at step -1"));
    CHECK(has(message_of<std::invalid_argument>([&] { Rates(spec, 3); }), "one function, or one a model"));
}

void test_values_of_each_model() {
    const ScheduleSpec spec{"step", {{"lr", {0.1, 0.2, 0.4}}, {"step_size", {2}}, {"gamma", {0.5, 0.5, 0.25}}}};
    const Rates rates(spec, 3);
    CHECK(rates.rate(0, 1, 0) == 0.1 && rates.rate(1, 2, 0) == 0.1 && rates.rate(2, 3, 0) == 0.1);
    // Numbers that no check in Python has seen give an error, never a crash or an endless loop.
    for (const ScheduleSpec& wrong : {ScheduleSpec{"step", {{"step_size", {0}}}},
                                      ScheduleSpec{"cosine_warm_restarts", {{"t_0", {5}}, {"t_mult", {0}}}},
                                      ScheduleSpec{"cosine_warm_restarts", {}},
                                      ScheduleSpec{"warmup", {{"steps", {1e300}}}}, ScheduleSpec{"none", {}}})
        CHECK(!message_of<std::invalid_argument>([&] { Rates(wrong, 1); }).empty());
}

}  // namespace

int main() {
    test_bits();
    test_memory();
    test_functions();
    test_values_of_each_model();
    std::printf("%d failures\n", n_failed.load());
    return n_failed == 0 ? 0 : 1;
}
