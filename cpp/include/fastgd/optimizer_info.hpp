#pragma once

#include <cstdint>

namespace fastgd {

inline constexpr int kMaxHyper = 10;
inline constexpr int kMaxSlots = 4;
// Numbers that an optimiser keeps for each model between steps, hands to a step, and sums over all parameters.
inline constexpr int kMaxMemory = 4;
inline constexpr int kMaxCoef = 10;
inline constexpr int kMaxSums = 2;

struct HyperParam {
    const char* name = nullptr;
    double default_value = 0.0;
};

// How an optimiser meets the l1 norm: not at all, by a proximal step of the rate that its own step had in each
// coordinate, or within its formula.
enum class L1Step : std::uint8_t { refused, proximal, own };

// Whether an optimiser corrects gradients by a table of the rows' loss derivatives, and when that is written.
enum class Table : std::uint8_t { none, every_step, snapshots };

// Of one model, for one step.
struct StepInput {
    const double* hyper;
    double lr;
    // Steps done before.
    std::int64_t step;
    // The step's share of the fit's rows.
    double share = 1.0;
    // The objective on the step's rows, and the optimiser's sums over all parameters; for `conclude` alone.
    double value = 0.0;
    const double* sums = nullptr;
};

// What steps did to coefficients that had no gradient in them, summed up over steps, so that many can be caught up with
// at once: of sparse rows most coefficients are idle in most steps.
struct Idle {
    // The product of what an l2 penalty leaves of a coefficient.
    double scale = 1.0;
    // The sum of soft thresholds, as for a coefficient at `scale` 1.
    double threshold = 0.0;
    // For means of iterates: the product of what a step leaves of the mean, and the sum of what it mixes in over that.
    double kept = 1.0;
    double mixed = 0.0;
};

// How an optimiser's idle coefficients can be caught up with; empty where they cannot.
struct IdleRule {
    // Whether this is exact, for these hyper-parameters and penalties.
    bool (*exact)(const double* hyper, double l2, double l1) = nullptr;
    // Whether a step of these coefficients moves idle coefficients in other ways, so that all have to take it.
    bool (*moves_all)(const double* coef, double l1) = nullptr;
    // Adds a step.
    void (*add)(Idle& sums, const double* coef, double l2, double l1) = nullptr;
    // The coefficient, and its state, after all steps between the two sums; `coef` is that of the last of them.
    double (*catch_up)(const Idle& from, const Idle& to, double w, double* state, const double* coef,
                       double l1) = nullptr;
};

// What the rest of the library may know of an optimiser, declared beside its formula.
struct OptimizerInfo {
    const char* name;
    // State vectors as long as the parameters; they begin at zero.
    int n_slots;
    L1Step l1;
    HyperParam hyper[kMaxHyper];
    // From a step's number and rate to its coefficients; memory is the model's own and begins at zero.
    void (*prepare)(const StepInput&, double* memory, double* coef);
    // An optimiser with sums over all parameters measures them between the two.
    int n_sums = 0;
    void (*conclude)(const StepInput&, double* memory, double* coef) = nullptr;
    // Whether what it reports differs from where it evaluates.
    bool averages = false;
    Table table = Table::none;
    // Whether it searches along lines: then it has no rate.
    bool line_search = false;
    // Whether it compares steps with those before, so that all have to take all rows. Some lead astray on the way, so a
    // run ends with the best parameters.
    bool full_batch = false;
    // Whether `conclude` reads the objective's value, which costs a look at all parameters for the penalty.
    bool reads_value = false;
    IdleRule idle{};
};

}  // namespace fastgd
