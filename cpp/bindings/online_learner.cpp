#include "objectives/online_learner.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <optional>

#include "bindings/convert.hpp"
#include "bindings/lean_method.hpp"
#include "bindings/named_rows.hpp"
#include "descent/model_table.hpp"
#include "descent/rates.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"

namespace fastgd::bindings {
namespace {

constexpr const char* kUpdateDoc = R"(update($self, x, y, sample_weight=1.0)
--

Learn from a row, or from the rows of a block one after another.

Parameters
----------
x : dict, array, list, sparse row or pair (indices, values)
    A row; or an array of shape (n_rows, n_features).
y : number or label
    Its target; for a block one a row.
sample_weight : float, default=1.0
    Its weight, at least 0; for a block one for all rows, or one a row. A row of weight 0 is no step.

Returns
-------
float, or array of shape (n_rows,)
    The loss before the step, without weight and penalty: its mean is an honest estimate of the risk, as no row has been
    learnt when it is predicted.

Raises
------
ValueError, TypeError
    `x`, `y` or `sample_weight` are not allowed, or the parameters have become too large for finite scores. Nothing has
    been learnt then.
)";

constexpr const char* kDecisionFunctionDoc = R"(decision_function($self, x)
--

Return the raw scores ``coef @ x + intercept``.

Parameters
----------
x : row or block of rows
    As in `update`. Names that have not been learnt count for nothing.

Returns
-------
float, or array of shape (n_outputs,)
    For a row; for a block arrays of shape (n_rows,) or (n_rows, n_outputs).

Raises
------
ValueError, TypeError
    `x` is not allowed.
)";

constexpr const char* kPredictDoc = R"(predict($self, x)
--

Return the class, or the value of a regression.

Parameters
----------
x : row or block of rows
    As in `update`.

Returns
-------
label or float, or a list or array of them for a block
    Predictions; of equal scores the first class counts. The losses poisson, gamma and tweedie have a log link, so that
    their predictions are ``exp`` of the scores.

Raises
------
ValueError, TypeError
    `x` is not allowed.
)";

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
    // n_features: what every row has, or -1 where the rows tell. labels: from each class to its target, in order, none
    // for numbers. is_identity: whether these may be any, and are predicted by the scores themselves.
    Learner(const OnlineOptions& options, ModelSettings settings, const ScheduleSpec& schedule, std::int64_t n_features,
            int hash_bits, const std::optional<py::dict>& labels, bool is_identity)
        : core_(options, std::move(settings)), rates_(schedule, 1), named_(hash_bits), is_identity_(is_identity) {
        if (labels) {
            labels_ = *labels;
            classes_ = py::list(labels_);
        }
        if (hash_bits > 0) n_features = std::int64_t{1} << hash_bits;
        kind_ = n_features >= 0 ? Kind::fixed : Kind::unknown;
        if (n_features > 0) core_.set_n_features(n_features);
    }

    // Whether rows like this one need no help from Python.
    bool takes(const py::handle& x) const {
        return is_identity_ && (PyDict_Check(x.ptr()) || (py::isinstance<Floats>(x) && ndim(x) == 1));
    }

    // A null sample_weight is 1.
    double update(const py::handle& x, const py::handle& y, const py::handle& sample_weight) {
        const double target = target_of(y);
        const double weight =
            !sample_weight ? 1.0 : to_finite(sample_weight, [] { return std::string("sample_weight"); });
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
                explain(std::current_exception());
            }
        });
        return loss;
    }

    // Row by row, in order; all of them or none.
    Floats update_rows(const Floats& X, const py::sequence& y, const Floats& weights) {
        require(X.ndim() == 2 && std::ssize(y) == X.shape(0) && weights.size() == X.shape(0), "y must fit x");
        const auto look = [](py::ssize_t row) {
            constexpr py::ssize_t kRowsAtOnce = 1024;
            if (row % kRowsAtOnce == 0 && signals_are_due() && PyErr_CheckSignals() != 0) throw py::error_already_set();
        };
        std::vector<double> targets;
        for (const py::handle label : y) {
            look(std::ssize(targets));
            targets.push_back(target_of(label));
        }
        const py::ssize_t n_features = X.shape(1);
        const Kind kind = take_width(n_features);
        for (py::ssize_t i = 0; i < X.shape(0); ++i) require_finite(X.data(i, 0), n_features, i);
        const std::int64_t before = core_.n_features();
        Floats losses(X.shape(0));
        // Room for all columns comes first: to go back must not take memory.
        core_.set_n_features(n_features);
        core_.set_n_features(before);
        const std::int64_t capacity = core_.capacity();
        const ModelState state = core_.state();
        try {
            core_.set_n_features(n_features);
            for (py::ssize_t i = 0; i < X.shape(0); ++i) {
                look(i);
                losses.mutable_at(i) = core_.update({X.data(i, 0), static_cast<std::size_t>(n_features)},
                                                    targets[static_cast<std::size_t>(i)], weights.at(i),
                                                    rates_.rate(0, core_.n_steps(), 0));
            }
        } catch (...) {
            core_.set_state(before, capacity, state);
            explain(std::current_exception());
        }
        kind_ = kind;
        return losses;
    }

    py::object scores(const py::handle& x) {
        const std::span<const double> scores = scores_of(x);
        if (scores.size() == 1) return py::float_(scores[0]);
        return Floats(std::ssize(scores), scores.data());
    }
    py::object predict(const py::handle& x) {
        const std::span<const double> scores = scores_of(x);
        if (classes_.empty()) return py::float_(scores[0]);
        const auto best = scores.size() == 1 ? static_cast<std::ptrdiff_t>(scores[0] > 0.0)
                                             : std::max_element(scores.begin(), scores.end()) - scores.begin();
        return classes_[static_cast<std::size_t>(best)];
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

    static int ndim(const py::handle& array) {
        return static_cast<int>(py::reinterpret_borrow<py::array>(array).ndim());
    }

    [[noreturn]] void explain(std::exception_ptr error) {
        try {
            std::rethrow_exception(std::move(error));
        } catch (const NonFiniteError&) {
            throw py::value_error("x must give finite raw scores coef @ x + intercept, got others after " +
                                  std::to_string(core_.n_steps()) + " steps; a smaller lr keeps the parameters small");
        }
    }

    std::span<const double> scores_of(const py::handle& x) {
        std::span<const double> scores;
        with_row(x, false, [&](const auto& row, Kind) { scores = core_.scores(row); });
        for (const double score : scores)
            if (!std::isfinite(score)) explain(std::make_exception_ptr(NonFiniteError()));
        return scores;
    }

    double target_of(const py::handle& y) const {
        if (classes_.empty()) return to_finite(y, [] { return std::string("y"); });
        PyObject* target = PyDict_GetItemWithError(labels_.ptr(), y.ptr());
        if (target != nullptr) return PyFloat_AS_DOUBLE(target);
        if (PyErr_Occurred() != nullptr) PyErr_Clear();
        throw py::value_error("y must be one of the classes " + py::repr(classes_).cast<std::string>() + ", got " +
                              py::repr(y).cast<std::string>());
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
            if (kind_ == Kind::unknown)
                throw py::value_error("n_features must be given for pairs of indices and values");
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
    py::dict labels_;
    py::list classes_;
    bool is_identity_;
    Kind kind_;
};

// What the class in Python defines for rows of other kinds begins with an underscore.

PyObject* update(PyObject* self, PyObject* const* args, Py_ssize_t n_args, PyObject* keywords) {
    return raising([&]() -> py::object {
        const auto [x, y, weight] = arguments<3>({"x", "y", "sample_weight"}, 2, args, n_args, keywords);
        auto& learner = object_of<Learner>(self);
        if (learner.takes(x)) return py::float_(learner.update(x, y, weight));
        return py::handle(self).attr("_update")(py::handle(x), py::handle(y),
                                                weight != nullptr ? py::handle(weight) : py::float_(1.0));
    });
}

PyObject* decision_function(PyObject* self, PyObject* const* args, Py_ssize_t n_args, PyObject* keywords) {
    return raising([&]() -> py::object {
        const auto [x] = arguments<1>({"x"}, 1, args, n_args, keywords);
        auto& learner = object_of<Learner>(self);
        return learner.takes(x) ? learner.scores(x) : py::handle(self).attr("_decision_function")(py::handle(x));
    });
}

PyObject* predict(PyObject* self, PyObject* const* args, Py_ssize_t n_args, PyObject* keywords) {
    return raising([&]() -> py::object {
        const auto [x] = arguments<1>({"x"}, 1, args, n_args, keywords);
        auto& learner = object_of<Learner>(self);
        return learner.takes(x) ? learner.predict(x) : py::handle(self).attr("_predict")(py::handle(x));
    });
}

}  // namespace

void bind_online_learner(py::module_& module) {
    const auto make = [](const std::string& loss, const std::map<std::string, double>& loss_params, int n_outputs,
                         const std::string& optimizer, const NumbersByName& optimizer_params, const py::tuple& schedule,
                         double alpha, double l1_ratio, bool fit_intercept, std::int64_t n_features, int hash_bits,
                         const std::optional<py::dict>& labels, bool is_identity) {
        OnlineOptions options;
        options.loss = loss;
        if (!loss_params.empty()) options.loss_param = loss_params.begin()->second;
        options.n_outputs = n_outputs;
        options.fit_intercept = fit_intercept;
        const ScheduleSpec spec = to_schedule(schedule);
        options.steady_rate = spec.name == "constant" && spec.calls.empty();
        return std::make_unique<Learner>(options, settings_of(optimizer, optimizer_params, alpha, l1_ratio), spec,
                                         n_features, hash_bits, labels, is_identity);
    };
    py::classh<Learner> type(module, "OnlineLearner");
    type.def(py::init(make), py::arg("loss"), py::arg("loss_params"), py::arg("n_outputs"), py::arg("optimizer"),
             py::arg("optimizer_params"), py::arg("schedule"), py::arg("alpha"), py::arg("l1_ratio"),
             py::arg("fit_intercept"), py::arg("n_features"), py::arg("hash_bits"), py::arg("labels").none(true),
             py::arg("is_identity"))
        .def("_update_row", [](Learner& self, const py::object& x, const py::object& y,
                               const py::object& sample_weight) { return self.update(x, y, sample_weight); })
        .def("_update_rows", &Learner::update_rows, py::arg("x").noconvert(), py::arg("y"),
             py::arg("sample_weight").noconvert())
        .def("_scores", [](Learner& self, const py::object& x) { return self.scores(x); })
        .def("_coef", &Learner::coef)
        .def("_intercept", &Learner::intercept)
        .def("_state", &Learner::state)
        .def("_set_state", &Learner::set_state)
        .def_property_readonly("n_features", &Learner::n_features)
        .def_property_readonly("n_steps", &Learner::n_steps)
        .def_property_readonly("feature_names", &Learner::names);
    static PyMethodDef lean[] = {
        method_definition<&update>("update", kUpdateDoc),
        method_definition<&decision_function>("decision_function", kDecisionFunctionDoc),
        method_definition<&predict>("predict", kPredictDoc),
    };
    for (PyMethodDef& definition : lean) add_method(type, definition);
}

}  // namespace fastgd::bindings
