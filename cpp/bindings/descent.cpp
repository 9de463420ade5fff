#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include <variant>

#include "bindings/convert.hpp"
#include "descent/state.hpp"
#include "fastgd/minimize.hpp"

namespace fastgd::bindings {
namespace {

std::vector<double> copy(const Floats& values) {
    const auto numbers = view(values);
    return {numbers.begin(), numbers.end()};
}

// Brings the core's calls to Python.
class PythonObserver final : public Observer {
public:
    PythonObserver(std::optional<py::function> callback, std::optional<py::function> save, py::ssize_t n_models,
                   py::ssize_t n_params)
        : callback_(std::move(callback)), save_(std::move(save)), n_models_(n_models), n_params_(n_params) {}

    double epoch_end(const EpochInfo& info) override {
        if (!callback_) return 1.0;
        const HeldGil held;
        const auto params = py::cpp_function([&info, this] {
            py::array_t<double> out({n_models_, n_params_});
            info.params({out.mutable_data(), static_cast<std::size_t>(out.size())});
            return out;
        });
        return unless_interrupted([&] {
            return (*callback_)(info.epoch, info.step, row(info.loss), row(info.lr), info.seconds, params)
                .cast<double>();
        });
    }

    void checkpoint(std::int64_t n_epochs, std::span<const std::byte> state) override {
        const HeldGil held;
        unless_interrupted([&] {
            return (*save_)(n_epochs, py::array_t<std::uint8_t>(std::ssize(state),
                                                                reinterpret_cast<const std::uint8_t*>(state.data())));
        });
    }

    bool interrupted() override {
        unless_interrupted(check_signals);
        return false;
    }

private:
    static py::array_t<double> row(std::span<const double> values) {
        return to_array(std::vector<double>(values.begin(), values.end()), {static_cast<py::ssize_t>(values.size())});
    }

    std::optional<py::function> callback_;
    std::optional<py::function> save_;
    py::ssize_t n_models_;
    py::ssize_t n_params_;
};

std::function<std::vector<std::int64_t>(std::int64_t)> make_order(
    const std::variant<std::monostate, Ints, py::function>& order) {
    if (const auto* rows = std::get_if<Ints>(&order)) {
        const auto fixed = view(*rows);
        return [kept = std::vector<std::int64_t>(fixed.begin(), fixed.end())](std::int64_t) { return kept; };
    }
    if (const auto* function = std::get_if<py::function>(&order)) {
        return [function](std::int64_t epoch) {
            const HeldGil held;
            const auto rows = unless_interrupted([&] { return (*function)(epoch).cast<Ints>(); });
            const auto chosen = view(rows);
            return std::vector<std::int64_t>(chosen.begin(), chosen.end());
        };
    }
    return {};
}

// A descent to go on from.
struct State {
    std::shared_ptr<const DescentState> core;
};

// Of one model, so that it can be kept: the next epoch, steps made, parameters, optimiser's slots and memory, and what
// the schedule has learned. Without parameters it is a place in the schedule.
using StateParts = std::tuple<std::int64_t, std::int64_t, Floats, Floats, Floats, Floats>;

State make_state(const StateParts& parts) {
    auto state = std::make_shared<DescentState>();
    const auto& [epoch, step, params, slots, memory, rates] = parts;
    state->epoch = epoch;
    state->step = step;
    state->models.emplace_back(std::nullopt, 1).n_steps = step;
    state->runs.push_back({copy(params), copy(slots), copy(memory), step});
    state->rates = copy(rates);
    return {std::move(state)};
}

py::tuple parts_of(const State& state) {
    require(state.core->runs.size() == 1, "a state of several models has no parts");
    const ModelState& run = state.core->runs[0];
    const auto array = [](const std::vector<double>& values) {
        return to_array(values, {static_cast<py::ssize_t>(values.size())});
    };
    return py::make_tuple(state.core->epoch, run.n_steps, array(run.params), array(run.slots), array(run.memory),
                          array(state.core->rates));
}

py::dict to_dict(DescentResult&& result, py::ssize_t n_params) {
    const auto n_models = static_cast<py::ssize_t>(result.n_models);
    const auto n_records = static_cast<py::ssize_t>(result.history.epoch.size());
    py::dict history;
    history["epoch"] = to_array(result.history.epoch, {n_records});
    history["step"] = to_array(result.history.step, {n_records, n_models});
    history["loss"] = to_array(result.history.loss, {n_records, n_models});
    history["lr"] = to_array(result.history.lr, {n_records, n_models});
    history["grad_norm"] = to_array(result.history.grad_norm, {n_records, n_models});
    history["seconds"] = to_array(result.history.seconds, {n_records});
    py::list status;
    for (const Status s : result.status) status.append(status_name(s));
    py::dict out;
    out["x"] = to_array(std::move(result.x), {n_models, n_params});
    out["fun"] = to_array(result.fun, {n_models});
    out["grad_norm"] = to_array(result.grad_norm, {n_models});
    out["held_out"] = to_array(result.held_out, {static_cast<py::ssize_t>(result.held_out.size())});
    out["lr"] = to_array(result.lr, {n_models});
    out["converged_by"] = result.converged_by;
    out["n_restarts"] = result.n_restarts;
    out["n_epochs"] = result.n_epochs;
    out["n_steps"] = result.n_steps;
    out["status"] = status;
    out["nonfinite"] = result.nonfinite;
    out["history"] = history;
    out["state"] = State{result.state};
    return out;
}

py::dict run(const AnyObjective& objective, const Floats& params, const std::string& optimizer,
             const NumbersByName& optimizer_params, const py::tuple& schedule, const Floats& alpha,
             const Floats& l1_ratio, std::int64_t batch_size, std::int64_t max_epochs, std::optional<double> tol,
             std::int64_t n_iter_no_change, bool shuffle, const std::variant<std::monostate, Ints, py::function>& order,
             std::uint64_t seed, const std::vector<std::uint64_t>& init_seed, std::optional<double> gtol,
             std::optional<double> gap_tol, double clip_value, double clip_norm, bool lazy,
             const py::array_t<std::int32_t, py::array::c_style>& fold_of_row, std::vector<int> fold_of_model,
             bool stream, bool evaluate, bool grad_norm, const std::optional<State>& resume,
             const std::optional<py::array_t<std::uint8_t, py::array::c_style>>& checkpoint,
             std::int64_t checkpoint_epochs, double checkpoint_seconds, const std::optional<py::function>& save,
             double time_limit, const std::optional<py::function>& observer, int n_threads) {
    const fastgd::Objective& core = objective.get();
    const auto n_params = static_cast<py::ssize_t>(core.n_params());
    require(params.ndim() == 2 && params.shape(1) == n_params, "params must be (n_models, n_params)");
    DescentOptions options;
    options.optimizer = optimizer;
    options.optimizer_params = per_model(optimizer_params);
    options.schedule = to_schedule(schedule);
    options.alpha = copy(alpha);
    options.l1_ratio = copy(l1_ratio);
    options.batch_size = batch_size;
    options.max_epochs = max_epochs;
    options.tol = tol;
    options.n_iter_no_change = n_iter_no_change;
    options.shuffle = shuffle;
    options.order = make_order(order);
    options.seed = seed;
    options.init_seed = init_seed;
    options.gtol = gtol;
    options.gap_tol = gap_tol;
    options.clip_value = clip_value;
    options.clip_norm = clip_norm;
    options.lazy = lazy;
    const auto folds = view(fold_of_row);
    options.fold_of_row.assign(folds.begin(), folds.end());
    options.fold_of_model = std::move(fold_of_model);
    options.stream = stream;
    options.evaluate = evaluate;
    options.grad_norm = grad_norm;
    if (resume) options.resume = resume->core;
    if (checkpoint) options.checkpoint = std::as_bytes(view(*checkpoint));
    if (save) {
        options.checkpoint_epochs = checkpoint_epochs;
        options.checkpoint_seconds = checkpoint_seconds;
    }
    options.time_limit = time_limit;
    options.n_threads = n_threads;
    PythonObserver watcher(observer, save, params.shape(0), n_params);
    const auto start = view(params);
    DescentResult result;
    {
        const py::gil_scoped_release released;
        result = fastgd::minimize(core, start, options, &watcher);
    }
    return to_dict(std::move(result), n_params);
}

}  // namespace

void bind_descent(py::module_& module) {
    py::classh<State>(module, "DescentState", py::is_final())
        .def(py::init(&make_state))
        .def("parts", &parts_of)
        .def("select", [](const State& self, const Ints& models) { return State{select(*self.core, view(models))}; });
    module.def(
        "minimize", &run, py::arg("objective"), py::arg("params").noconvert(), py::kw_only(), py::arg("optimizer"),
        py::arg("optimizer_params"), py::arg("schedule"), py::arg("alpha"), py::arg("l1_ratio"), py::arg("batch_size"),
        py::arg("max_epochs"), py::arg("tol").none(true), py::arg("n_iter_no_change"), py::arg("shuffle"),
        py::arg("order").none(true), py::arg("seed"), py::arg("init_seed") = std::vector<std::uint64_t>(),
        py::arg("gtol").none(true), py::arg("gap_tol").none(true), py::arg("clip_value"), py::arg("clip_norm"),
        py::arg("lazy"), py::arg("fold_of_row"), py::arg("fold_of_model"), py::arg("stream"), py::arg("evaluate"),
        py::arg("grad_norm"), py::arg("resume").none(true), py::arg("checkpoint").none(true) = py::none(),
        py::arg("checkpoint_epochs") = 0, py::arg("checkpoint_seconds") = std::numeric_limits<double>::infinity(),
        py::arg("save").none(true) = py::none(), py::arg("time_limit"), py::arg("observer").none(true),
        py::arg("n_threads"));
}

}  // namespace fastgd::bindings
