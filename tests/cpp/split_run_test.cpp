// Models that are dealt out to more parts than there are threads (OMP_THREAD_LIMIT says how many): all get their turn,
// and what one of them throws comes out, though the parts behind it are then left.

#include <atomic>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "objectives/split_run.hpp"
#include "runtime_check.hpp"

namespace {

using namespace fastgd;

constexpr int kParts = 8;
constexpr int kNone = -1;

// One model that counts how often it has been evaluated, or has no memory for that.
class OneModel final : public Run {
public:
    OneModel(std::atomic<int>& n_evaluated, bool fails) : n_evaluated_(n_evaluated), fails_(fails) {}

    void evaluate(std::span<double> value, std::span<double>, const std::function<void()>&) override {
        if (fails_) throw std::bad_alloc();
        value[0] = ++n_evaluated_;
    }

    std::int64_t rows_at_once() const override { return 1; }
    void descend(const Slice&, StepSums&, const std::function<void()>&) override {}
    void descend_full(const StepPlan&, std::span<double>, std::span<double>, const std::function<void()>&) override {}
    Line line(int) const override { return Line::descending; }
    void penalties(std::span<double>) override {}
    void solution(int, std::span<double>) override {}
    void set_params(int, std::span<const double>) override {}
    void state(int, ModelState&, const std::function<void()>&) override {}
    void set_state(int, const ModelState&) override {}
    void serialize(int, Archive&) override {}

private:
    std::atomic<int>& n_evaluated_;
    bool fails_;
};

// How many models have been evaluated, and whether memory has run out on the way.
struct Outcome {
    int n_evaluated;
    bool ran_out;
};

Outcome evaluate(int failing, const std::function<void()>& poll) {
    std::atomic<int> n_evaluated{0};
    int n_made = 0;
    SplitRun run({.n_models = kParts, .optimizer = 0, .hyper = {}, .penalties = {}}, kParts,
                 [&](const ModelSettings&) { return std::make_unique<OneModel>(n_evaluated, n_made++ == failing); });
    std::vector<double> value(kParts);
    try {
        run.evaluate(value, {}, poll);
    } catch (const std::bad_alloc&) {
        return {n_evaluated, true};
    }
    for (const double one : value) CHECK(one >= 1.0);
    return {n_evaluated, false};
}

}  // namespace

int main() {
    const std::function<void()> polls[] = {nullptr, [] {}};
    for (const auto& poll : polls) {
        const Outcome whole = evaluate(kNone, poll);
        CHECK(whole.n_evaluated == kParts && !whole.ran_out);
        for (int failing = 0; failing < kParts; ++failing) {
            const Outcome cut = evaluate(failing, poll);
            CHECK(cut.n_evaluated < kParts && cut.ran_out);
        }
    }
    return n_failed == 0 ? 0 : 1;
}
