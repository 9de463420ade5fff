// Every entry point of the core, with the N-th allocation failing, for every N: std::bad_alloc comes out, nothing is
// lost, and the same objects then give the same bits as before.
//
//     out_of_memory_test         N of 1, 3, 7, 15, and so on
//     out_of_memory_test all     every N

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "descent/model_settings.hpp"
#include "failing_allocator.hpp"
#include "fastgd/fastgd.hpp"
#include "objectives/online_learner.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/philox.hpp"
#include "runtime/registry_lookup.hpp"
#include "runtime/threads.hpp"
#include "runtime_check.hpp"

namespace {

using namespace fastgd;
using failing_allocator::Failing;

using Numbers = std::vector<double>;

struct EntryPoint {
    std::string name;
    std::function<Numbers()> call;
};

bool same_bits(const Numbers& a, const Numbers& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

// How many allocations were made to fail.
std::int64_t try_all(const EntryPoint& entry, Failing failing, bool every) {
    entry.call();
    const Numbers expected = entry.call();
    std::int64_t n_tried = 0;
    for (std::int64_t n = 1;; n += every ? 1 : 1 + n) {
        const std::int64_t n_live = failing_allocator::n_live;
        bool has_thrown = false;
        Numbers got;
        failing_allocator::fail_at(n, failing);
        try {
            got = entry.call();
        } catch (const std::bad_alloc&) {
            has_thrown = true;
        }
        failing_allocator::succeed();
        const bool has_failed = failing_allocator::has_failed;
        // What may be done without, as probes for threads are, need not be told of.
        const bool is_right = has_thrown ? has_failed : same_bits(got, expected);
        got = Numbers();
        const bool is_kept = failing_allocator::n_live == n_live;
        const bool is_usable = !has_failed || same_bits(entry.call(), expected);
        if (!(is_right && is_kept && is_usable)) {
            std::fprintf(stderr, "%s, allocation %lld: %s%s%s\n", entry.name.c_str(), static_cast<long long>(n),
                         is_right ? "" : "other bits, or an error without a cause; ", is_kept ? "" : "a leak; ",
                         is_usable ? "" : "not usable any more");
            ++n_failed;
        }
        if (!has_failed) return n_tried;
        ++n_tried;
    }
}

// ---- data wide enough for teams in a mini-batch step, with rows enough for teams in a pass

constexpr std::int64_t kRows = 1100;
constexpr std::int64_t kColumns = 250;
constexpr int kClasses = 3;
constexpr int kThreads = 2;

double draw(std::int64_t at) {
    const auto i = static_cast<std::uint64_t>(at);
    return static_cast<double>(philox({i / 4, 0, 0, 0}, {42, 7})[i % 4] >> 11) * 0x1p-52 - 1.0;
}

struct Data {
    Numbers x64;
    std::vector<float> x32;
    std::vector<std::uint8_t> x8;
    std::vector<float> values;
    std::vector<std::int32_t> indices;
    std::vector<std::int32_t> offsets{0};
    std::vector<float> sign;
    std::vector<float> label;
    Numbers sign64;

    Data() {
        for (std::int64_t i = 0; i < kRows * kColumns; ++i) {
            x64.push_back(draw(i));
            x32.push_back(static_cast<float>(x64.back()));
            x8.push_back(static_cast<std::uint8_t>(128.0 + 127.0 * x64.back()));
            if (i % 3 == 0) {
                values.push_back(x32.back());
                indices.push_back(static_cast<std::int32_t>(i % kColumns));
            }
            if (i % kColumns == kColumns - 1) offsets.push_back(static_cast<std::int32_t>(values.size()));
        }
        for (std::int64_t r = 0; r < kRows; ++r) {
            sign64.push_back(x64[static_cast<std::size_t>(r * kColumns)] > 0.0 ? 1.0 : -1.0);
            sign.push_back(static_cast<float>(sign64.back()));
            label.push_back(static_cast<float>(r % kClasses));
        }
    }
    MatrixView f64(std::int64_t columns = kColumns) const {
        return {x64.data(), kRows, columns, kColumns * 8, Storage::f64};
    }
    MatrixView f32(std::int64_t columns = kColumns) const {
        return {x32.data(), kRows, columns, kColumns * 4, Storage::f32};
    }
    MatrixView u8() const { return {x8.data(), kRows, kColumns, kColumns, Storage::u8}; }
    MatrixView csr() const {
        return {offsets.data(), kRows, kColumns, 4, Storage::csr_f32_i32, values.data(), indices.data()};
    }
};

MatrixView few(MatrixView rows) {
    rows.n_rows = 24;
    return rows;
}

Numbers ramp(std::int64_t n) {
    Numbers numbers;
    for (std::int64_t i = 0; i < n; ++i) numbers.push_back(1e-3 * draw(i + 12345));
    return numbers;
}

const std::vector<std::int64_t> kSomeRows{5, 3, 200, 5};

// ---- the table: an entry point a line

using EntryPoints = std::vector<EntryPoint>;

void add_linear(EntryPoints& table, const std::string& name, const LinearObjective& f) {
    const Numbers w = ramp(f.n_params());
    const auto add = [&](const char* what, auto call) { table.push_back({name + " " + what, call}); };
    add("value", [&f, w] { return Numbers{f.value(w, {}, kThreads)}; });
    add("value of rows", [&f, w] { return Numbers{f.value(w, kSomeRows, kThreads)}; });
    add("gradient", [&f, w, g = w]() mutable { return f.value_and_grad(w, g, {}, kThreads), g; });
    add("values", [&f, w, v = Numbers(1)]() mutable { return f.values(w, v, kThreads), v; });
    add("plane", [&f, w, v = Numbers(2)]() mutable { return f.plane(w, w, Numbers{0.5, 2.0}, v, kThreads), v; });
    add("hvp", [&f, w, p = w]() mutable { return f.hvp(w, w, p, {}, kThreads), p; });
    add("scores",
        [&f, w, s = Numbers(kRows * kClasses)]() mutable { return f.decision_function(w, s.data(), {}, kThreads), s; });
    add("moments", [&f] { return Numbers{f.row_moments().eigenvalue_bound}; });
    add("largest norm", [&f] { return Numbers{f.max_square_norm(kThreads)}; });
    add("raw parameters", [&f, w] { return f.raw_params(w); });
    add("means", [&f] { return f.feature_means(); });
    add("scales", [&f] { return f.feature_scales(); });
    add("nonfinite", [&f] { return Numbers{static_cast<double>(f.find_nonfinite().has_value())}; });
}

void add_mlp(EntryPoints& table, const MlpObjective& f, const MlpNetwork& network, const MatrixView& X) {
    const Numbers w = mlp_initial(network, 1);
    const auto add = [&](const char* what, auto call) { table.push_back({std::string("network ") + what, call}); };
    add("initial", [network] { return mlp_initial(network, 1); });
    add("value", [&f, w] { return Numbers{f.value(w, {}, kThreads)}; });
    add("values", [&f, w, v = Numbers(1)]() mutable { return f.values(w, v, kThreads), v; });
    add("gradient", [&f, w, g = w]() mutable { return f.value_and_grad(w, g, {}, kThreads), g; });
    add("step", [&f, w, g = w]() mutable { return f.value_and_grad(w, g, kSomeRows, 1, {}, MlpObjective::Step{}), g; });
    add("scores",
        [&f, w, s = Numbers(kRows * kClasses)]() mutable { return f.decision_function(w, s.data(), {}, kThreads), s; });
    add("scores without data", [w, network, X, s = Numbers(kRows * kClasses)]() mutable {
        return mlp_scores(X, network, w, s.data(), kThreads), s;
    });
}

void add_density(EntryPoints& table, const std::string& name, const DensityObjective& f) {
    const Numbers w = f.initial(1);
    const auto add = [&](const char* what, auto call) { table.push_back({name + " " + what, call}); };
    add("initial", [&f] { return f.initial(1, kThreads); });
    add("values", [&f, w, v = Numbers(1)]() mutable { return f.values(w, v, {}, kThreads), v; });
    add("gradient", [&f, w, v = Numbers(1), g = w]() mutable { return f.values_and_grads(w, v, g, {}, kThreads), g; });
    add("scores", [&f, w, s = Numbers(kRows), shares = Numbers(kRows * kClasses)]() mutable {
        return f.score_samples(w, s.data(), shares.data(), {}, kThreads), s;
    });
}

void add_descent(EntryPoints& table, const std::string& name, const Objective& f, DescentOptions options,
                 const Numbers& start) {
    if (options.schedule.params.empty()) options.schedule.params = {{"lr", {1e-3}}};
    if (options.optimizer == "lbfgs") options.schedule.params.clear();
    options.max_epochs = 2;
    options.tol.reset();
    options.n_threads = kThreads;
    table.push_back({"descent of " + name, [&f, options, start] { return minimize(f, start, options).x; }});
}

Numbers learn(const std::string& optimizer, int n_outputs) {
    ModelSettings settings{};
    settings.n_models = 1;
    settings.batch_size = 1;
    settings.optimizer = optimizer_index(kernels(), optimizer);
    for (const HyperParam& hyper : kernels().optimizers[settings.optimizer].hyper)
        settings.hyper.push_back(hyper.default_value);
    settings.penalties = {{}};
    OnlineLearner learner({.loss = n_outputs == 1 ? "log_loss" : "multinomial", .n_outputs = n_outputs}, settings);
    Numbers losses;
    losses.reserve(64);
    // Each of these takes memory, or none: tried again where there was too little, as a user would, the learner goes on
    // as if nothing had happened.
    const auto insist = [](auto&& step) {
        try {
            step();
        } catch (const std::bad_alloc&) {
            failing_allocator::succeed();
            step();
        }
    };
    for (std::int64_t t = 0; t < 12; ++t) {
        insist([&] { learner.set_n_features(4 << t); });
        const Numbers value = ramp(1 + t / 2);
        std::vector<std::int64_t> column;
        for (std::int64_t i = 0; i < std::ssize(value); ++i) column.push_back(i);
        const Numbers dense = ramp(learner.n_features());
        insist([&] { losses.push_back(learner.update(SparseRow{column, value}, 1.0, 1.0, 0.5)); });
        insist([&] { losses.push_back(learner.update(dense, n_outputs - 1.0, 1.0, 0.5)); });
        insist([&] { losses.push_back(learner.scores(SparseRow{column, value})[0]); });
        insist([&] { losses.push_back(learner.scores(dense)[0]); });
    }
    const ModelState state = learner.state();
    learner.set_state(learner.n_features(), learner.capacity(), state);
    losses.insert(losses.end(), state.params.begin(), state.params.end());
    return losses;
}

}  // namespace

int main(int argc, char** argv) {
    const bool every = argc > 1 && std::string(argv[1]) == "all";
    const Data data;
    const LinearOptions logistic{.loss = "log_loss", .alpha = 0.01};
    const LinearObjective f32(data.f32(), data.sign.data(), logistic);
    const LinearObjective f64(data.f64(), data.sign64.data(), {.loss = "squared_error", .standardize = true});
    const LinearObjective u8(data.u8(), data.label.data(), {.loss = "multinomial", .n_outputs = kClasses});
    const LinearObjective csr(data.csr(), data.sign.data(), {.loss = "log_loss", .alpha = 0.01, .l1_ratio = 0.5});
    const MlpNetwork network{{kColumns, 40, kClasses}, "relu"};
    const MlpOptions of_mlp{.hidden_layer_sizes = {40}, .n_outputs = kClasses, .dropout = 0.25};
    const MlpObjective mlp(data.f32(), data.label.data(), of_mlp);
    const MlpObjective whole_mlp(data.f32(), data.label.data(), {.hidden_layer_sizes = {40}, .n_outputs = kClasses});
    const DensityObjective gaussian(data.f32(64), {.standardize = true});
    const DensityObjective mixture(data.f64(64), {.n_components = kClasses, .diagonal = true});
    // A step of one row takes memory, and every step is tried: of few rows, or it would not end.
    const MlpObjective mlp_of_few(few(data.f32()), data.label.data(), of_mlp);
    const DensityObjective mixture_of_few(few(data.f64(64)), {.n_components = kClasses, .diagonal = true});
    const FunctionObjective function(2, 4, [](auto w, auto, auto value, auto grad) {
        value[0] = w[0] * w[0] + w[1] * w[1];
        grad[0] = 2.0 * w[0];
        grad[1] = 2.0 * w[1];
    });
    const NearestRows near32(data.f32());
    const NearestRows near64(data.f64());

    EntryPoints table;
    const auto add = [&](const char* name, auto call) { table.push_back({name, call}); };
    add("thread", [] {
        Numbers sums(kThreads);
        parallel(kThreads, [&](int thread, int n_threads, Barrier& barrier) {
            const Numbers own(10, 1.0);
            barrier.wait();
            for (std::size_t t = static_cast<std::size_t>(thread); t < sums.size();
                 t += static_cast<std::size_t>(n_threads))
                sums[t] = own[t];
        });
        return sums;
    });
    add("levels", [] { return Numbers{static_cast<double>(simd_levels().size() + openmp_runtime().size())}; });
    add("new linear", [&] { return LinearObjective(data.f64(), data.sign64.data(), f64.options()).feature_means(); });
    add("new network", [&] {
        return Numbers(static_cast<std::size_t>(MlpObjective(data.f32(), data.label.data(), of_mlp).n_outputs()));
    });
    add("new density", [&] { return DensityObjective(data.f32(64), {.standardize = true}).feature_means(); });
    add_linear(table, "float32", f32);
    add_linear(table, "standardised float64", f64);
    add_linear(table, "bytes", u8);
    add_linear(table, "sparse rows", csr);
    add("duality gap", [&, w = ramp(f32.n_params())] { return Numbers{f32.duality_gap(w, kThreads)}; });
    add("linear scores", [&, w = ramp(kColumns), s = Numbers(kRows)]() mutable {
        return linear_scores<double>(data.f32(), w, Numbers{0.5}, s.data(), kThreads), s;
    });
    add_mlp(table, mlp, network, data.f32());
    add_density(table, "gaussian", gaussian);
    add_density(table, "mixture", mixture);
    const auto neighbours = [&](const NearestRows& nearest, const MatrixView& Z) {
        MatrixView some = Z;
        some.n_rows = 60;
        return [&nearest, Z = some, d = Numbers(180), at = std::vector<std::int64_t>(180)]() mutable {
            return nearest.query(Z, 3, true, d.data(), at.data(), kThreads), d;
        };
    };
    add("new neighbours", [&] { return Numbers{static_cast<double>(NearestRows(data.f64()).n_rows())}; });
    add("neighbours", neighbours(near32, data.f32()));
    add("neighbours in float64", neighbours(near64, data.f64()));
    const auto one_row = [&](const char* optimizer, int n_outputs) {
        table.push_back({std::string("learner, ") + optimizer, [=] { return learn(optimizer, n_outputs); }});
    };
    one_row("sgd", 1);
    one_row("adagrad", kClasses);
    one_row("ftrl", 1);
    one_row("polyak_sgd", 1);
    one_row("schedule_free_sgd", 1);

    const Numbers w = ramp(f32.n_params());
    const Numbers layers = mlp_initial(network, 1);
    for (int o = 0; o < kernels().n_optimizers; ++o) {
        const OptimizerInfo& info = kernels().optimizers[o];
        const std::int64_t batch = info.full_batch ? 0 : 128;
        const std::string name = info.name;
        add_descent(table, name, f32, {.optimizer = name, .batch_size = batch}, w);
        if (info.l1 != L1Step::refused)
            add_descent(table, name + ", sparse", csr, {.optimizer = name, .batch_size = batch}, w);
        if (info.table == Table::none)
            add_descent(table, name + ", network", info.full_batch ? whole_mlp : mlp,
                        {.optimizer = name, .batch_size = batch}, layers);
    }
    for (const std::int64_t batch : {std::int64_t{0}, std::int64_t{1}, kRows}) {
        const std::string size = "batches of " + std::to_string(batch);
        add_descent(table, size, f64, {.batch_size = batch}, w);
        add_descent(table, size + ", sparse", csr, {.batch_size = batch}, w);
        add_descent(table, size + ", network", batch == 1 ? mlp_of_few : mlp, {.batch_size = batch}, layers);
        add_descent(table, size + ", mixture", batch == 1 ? mixture_of_few : mixture, {.batch_size = batch},
                    mixture.initial(1));
        add_descent(table, size + ", function", function, {.batch_size = batch}, {1.0, 2.0});
    }
    for (const std::int64_t batch : {std::int64_t{1}, std::int64_t{16}}) {
        add_descent(table, "saga", csr, {.optimizer = "saga", .batch_size = batch}, w);
        add_descent(table, "svrg", f32, {.optimizer = "svrg", .batch_size = batch}, w);
    }
    add_descent(table, "gap", f32, {.max_epochs = 11, .gap_tol = 1e-9}, w);
    std::vector<std::int32_t> folds;
    for (std::int64_t r = 0; r < kRows; ++r) folds.push_back(static_cast<std::int32_t>(r % 2));
    Numbers many;
    std::vector<int> held_out;
    for (int m = 0; m < 24; ++m) {
        many.insert(many.end(), w.begin(), w.end());
        held_out.push_back(m % 3 - 1);
    }
    add_descent(table, "many models with folds", f32,
                {.batch_size = 64, .fold_of_row = folds, .fold_of_model = held_out}, many);
    add("resumed descent", [&] {
        const DescentOptions options{.schedule = {"constant", {{"lr", {1e-3}}}}, .batch_size = 64, .max_epochs = 1};
        DescentOptions more = options;
        const std::vector<std::int64_t> first{0};
        more.resume = select(*minimize(f32, w, options).state, first);
        return minimize(f32, w, more).x;
    });

    std::int64_t n_tried = 0;
    for (const EntryPoint& entry : table) {
        const std::int64_t before = n_tried;
        for (const Failing failing : {Failing::one, Failing::all_from_there}) n_tried += try_all(entry, failing, every);
        // All of them take long.
        if (every) std::fprintf(stderr, "%s: %lld\n", entry.name.c_str(), static_cast<long long>(n_tried - before));
    }
    std::printf("%zu entry points, %lld failed allocations\n", table.size(), static_cast<long long>(n_tried));
    return n_failed == 0 ? 0 : 1;
}
