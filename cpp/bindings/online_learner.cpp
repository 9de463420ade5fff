#include "objectives/online_learner.hpp"

#include <pybind11/stl.h>

#include <cmath>
#include <optional>

#include "bindings/convert.hpp"
#include "bindings/named_rows.hpp"
#include "descent/model_table.hpp"
#include "descent/rates.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"

namespace fastgd::bindings {
namespace {

ModelSettings settings_of(const std::string& optimizer, const NumbersByName& params, double alpha, double l1_ratio) {
    ModelSettings settings{};
    settings.n_models = 1;
    settings.batch_size = 1;
    settings.optimizer = optimizer_index(kernels(), optimizer);
    settings.hyper = table_of(kernels().optimizers[settings.optimizer].hyper, kMaxHyper, per_model(params), 1,
                              "optimizer '" + optimizer + "'");
    settings.penalties = {{alpha, l1_ratio}};
    return settings;
}

void require_finite(const double* values, std::int64_t n, std::int64_t row) {
    for (std::int64_t i = 0; i < n; ++i)
        if (!std::isfinite(values[i])) {
            const std::string place = row < 0 ? "" : std::to_string(row) + ", ";
            throw py::value_error("x must be finite, got " + std::to_string(values[i]) + " at x[" + place +
                                  std::to_string(i) + "]");
        }
}

// The array itself where the core can read it, else a copy.
Floats as_floats(const py::handle& x) {
    constexpr int readable =
        static_cast<int>(py::array::c_style) | static_cast<int>(py::detail::npy_api::NPY_ARRAY_ALIGNED_);
    if (py::isinstance<Floats>(x) && (py::reinterpret_borrow<py::array>(x).flags() & readable) == readable)
        return py::reinterpret_borrow<Floats>(x);
    return py::reinterpret_borrow<py::object>(x.attr("copy")()).cast<Floats>();
}

// A learner of a stream: which rows it takes, what its targets mean, how long its steps are.
class Learner {
public:
    // n_features: what every row has, or -1 where the rows tell. labels: from each class to its target, None for
    // numbers.
    Learner(const OnlineOptions& options, ModelSettings settings, const ScheduleSpec& schedule, std::int64_t n_features,
            int hash_bits, py::object labels)
        : core_(options, std::move(settings)), rates_(schedule, 1), named_(hash_bits), labels_(std::move(labels)) {
        if (hash_bits > 0) n_features = std::int64_t{1} << hash_bits;
        kind_ = n_features >= 0 ? Kind::fixed : Kind::unknown;
        if (n_features > 0) core_.set_n_features(n_features);
    }

    double update(const py::handle& x, const py::handle& y, const py::handle& sample_weight) {
        const double target = target_of(y);
        const double weight = to_finite(sample_weight, [] { return std::string("sample_weight"); });
        if (weight < 0.0) throw py::value_error("sample_weight must be >= 0, got " + std::to_string(weight));
        const double lr = rates_.rate(0, core_.n_steps(), 0);
        const std::int64_t before = core_.n_features();
        double loss = 0.0;
        with_row(x, true, [&](const auto& row, Kind kind) {
            try {
                loss = core_.update(row, target, weight, lr);
                kind_ = kind;
            } catch (...) {
                named_.drop_new();
                core_.set_n_features(before);
                throw;
            }
        });
        return loss;
    }

    // Row by row, in order; all of them or none.
    Floats update_rows(const Floats& X, const py::sequence& y, const Floats& weights) {
        require(X.ndim() == 2 && std::ssize(y) == X.shape(0) && weights.size() == X.shape(0), "y must fit x");
        std::vector<double> targets;
        for (const py::handle label : y) targets.push_back(target_of(label));
        const py::ssize_t n_features = X.shape(1);
        const Kind kind = take_width(n_features);
        for (py::ssize_t i = 0; i < X.shape(0); ++i) require_finite(X.data(i, 0), n_features, i);
        const std::int64_t before = core_.n_features();
        const std::int64_t capacity = core_.capacity();
        const ModelState state = core_.state();
        Floats losses(X.shape(0));
        try {
            core_.set_n_features(n_features);
            for (py::ssize_t i = 0; i < X.shape(0); ++i)
                losses.mutable_at(i) =
                    core_.update({X.data(i, 0), static_cast<std::size_t>(n_features)},
                                 targets[static_cast<std::size_t>(i)], weights.at(i), rates_.rate(0, core_.n_steps(), 0));
        } catch (...) {
            core_.set_state(before, capacity, state);
            throw;
        }
        kind_ = kind;
        return losses;
    }

    py::object scores(const py::handle& x) {
        std::span<const double> scores;
        with_row(x, false, [&](const auto& row, Kind) { scores = core_.scores(row); });
        for (const double score : scores)
            if (!std::isfinite(score)) throw NonFiniteError();
        if (scores.size() == 1) return py::float_(scores[0]);
        return Floats(std::ssize(scores), scores.data());
    }

    Floats coef() {
        const Parameters<double>& from = core_.reported();
        Floats out({py::ssize_t{core_.n_outputs()}, static_cast<py::ssize_t>(core_.n_features())});
        for (std::ptrdiff_t k = 0; k < core_.n_outputs(); ++k)
            std::copy_n(from.coef_row(k), core_.n_features(), out.mutable_data() + k * core_.n_features());
        return out;
    }
    Floats intercept() { return Floats(py::ssize_t{core_.n_outputs()}, core_.reported().intercept.data()); }
    std::optional<std::int64_t> n_features() const {
        return kind_ == Kind::unknown ? std::nullopt : std::optional(core_.n_features());
    }
    std::optional<py::list> names() const {
        return kind_ == Kind::named ? std::optional(named_.names()) : std::nullopt;
    }
    std::int64_t n_steps() const { return core_.n_steps(); }

    py::tuple state() {
        const ModelState state = core_.state();
        const auto array = [](const std::vector<double>& values) { return Floats(std::ssize(values), values.data()); };
        return py::make_tuple(static_cast<int>(kind_), core_.n_features(), core_.capacity(), array(state.params),
                              array(state.slots), array(state.memory), state.n_steps, named_.names());
    }
    void set_state(const py::tuple& given) {
        require(given.size() == 8, "a state has 8 entries");
        const auto numbers = [&](std::size_t i) {
            const auto values = view(given[i].cast<Floats>());
            return std::vector<double>(values.begin(), values.end());
        };
        const ModelState state{numbers(3), numbers(4), numbers(5), given[6].cast<std::int64_t>()};
        core_.set_state(given[1].cast<std::int64_t>(), given[2].cast<std::int64_t>(), state);
        kind_ = static_cast<Kind>(given[0].cast<int>());
        named_.set_names(given[7].cast<py::list>());
    }

private:
    // What is known of the columns: nothing yet, their number, or their names.
    enum class Kind : std::uint8_t { unknown, fixed, named };

    double target_of(const py::handle& y) const {
        if (labels_.is_none()) return to_finite(y, [] { return std::string("y"); });
        PyObject* target = PyDict_GetItemWithError(labels_.ptr(), y.ptr());
        if (target != nullptr) return PyFloat_AS_DOUBLE(target);
        if (PyErr_Occurred() != nullptr) PyErr_Clear();
        throw py::value_error("y must be one of the classes " + py::repr(py::list(labels_)).cast<std::string>() +
                              ", got " + py::repr(y).cast<std::string>());
    }

    // What the learner is after a row without names.
    Kind take_width(py::ssize_t n) const {
        if (kind_ == Kind::named) throw py::type_error("x must be a dict, as the features of this learner have names");
        if (kind_ == Kind::fixed && n != core_.n_features())
            throw py::value_error("x must have " + std::to_string(core_.n_features()) + " features, got " +
                                  std::to_string(n));
        return Kind::fixed;
    }

    // use(row, kind) of a dict, a pair of columns and values, or an array; with `learn` there is room for the row.
    template <class Use>
    void with_row(const py::handle& x, bool learn, Use&& use) {
        if (PyDict_Check(x.ptr())) {
            if (kind_ == Kind::fixed && !named_.hashes())
                throw py::type_error("x must have " + std::to_string(core_.n_features()) +
                                     " features without names, got a dict; a learner of dicts has no n_features, or "
                                     "has hash_features");
            const SparseRow row = named_.read(py::reinterpret_borrow<py::dict>(x), learn);
            if (!named_.hashes() && learn) core_.set_n_features(named_.n_names());
            return use(row, named_.hashes() ? Kind::fixed : Kind::named);
        }
        if (PyTuple_Check(x.ptr())) {
            const auto pair = x.cast<std::pair<Ints, Floats>>();
            if (kind_ == Kind::named) take_width(0);
            if (kind_ == Kind::unknown) throw py::value_error("n_features must be given for pairs of indices and values");
            const SparseRow row{view(pair.first), view(pair.second)};
            for (const std::int64_t column : row.column)
                if (column < 0 || column >= core_.n_features())
                    throw py::value_error("x must have indices from 0 to " + std::to_string(core_.n_features() - 1) +
                                          ", got " + std::to_string(column));
            require_finite(row.value.data(), std::ssize(row.value), -1);
            return use(row, Kind::fixed);
        }
        const Floats array = as_floats(x);
        const auto row = view(array);
        const Kind kind = take_width(std::ssize(row));
        require_finite(row.data(), std::ssize(row), -1);
        if (learn) core_.set_n_features(std::ssize(row));
        return use(row.first(static_cast<std::size_t>(core_.n_features())), kind);
    }

    OnlineLearner core_;
    Rates rates_;
    NamedRows named_;
    py::object labels_;
    Kind kind_;
};

}  // namespace

void bind_online_learner(py::module_& module) {
    const auto make = [](const std::string& loss, const std::map<std::string, double>& loss_params, int n_outputs,
                         const std::string& optimizer, const NumbersByName& optimizer_params, const py::tuple& schedule,
                         double alpha, double l1_ratio, bool fit_intercept, std::int64_t n_features, int hash_bits,
                         const py::object& labels) {
        OnlineOptions options;
        options.loss = loss;
        if (!loss_params.empty()) options.loss_param = loss_params.begin()->second;
        options.n_outputs = n_outputs;
        options.fit_intercept = fit_intercept;
        const ScheduleSpec spec = to_schedule(schedule);
        options.steady_rate = spec.name == "constant" && spec.calls.empty();
        return std::make_unique<Learner>(options, settings_of(optimizer, optimizer_params, alpha, l1_ratio), spec,
                                         n_features, hash_bits, labels);
    };
    py::classh<Learner>(module, "OnlineLearner", py::is_final())
        .def(py::init(make), py::arg("loss"), py::arg("loss_params"), py::arg("n_outputs"), py::arg("optimizer"),
             py::arg("optimizer_params"), py::arg("schedule"), py::arg("alpha"), py::arg("l1_ratio"),
             py::arg("fit_intercept"), py::arg("n_features"), py::arg("hash_bits"), py::arg("labels").none(true))
        .def("update", &Learner::update, py::arg("x"), py::arg("y"), py::arg("sample_weight"))
        .def("update_rows", &Learner::update_rows, py::arg("x").noconvert(), py::arg("y"),
             py::arg("sample_weight").noconvert())
        .def("scores", &Learner::scores, py::arg("x"))
        .def("coef", &Learner::coef)
        .def("intercept", &Learner::intercept)
        .def("state", &Learner::state)
        .def("set_state", &Learner::set_state, py::arg("state"))
        .def_property_readonly("n_features", &Learner::n_features)
        .def_property_readonly("n_steps", &Learner::n_steps)
        .def_property_readonly("names", &Learner::names);
}

}  // namespace fastgd::bindings
