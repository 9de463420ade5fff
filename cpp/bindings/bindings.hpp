#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include "fastgd/objective.hpp"

namespace fastgd::bindings {

namespace py = pybind11;

void bind_system(py::module_& module);
void bind_matrix(py::module_& module);
void bind_objective(py::module_& module);
void bind_mlp_objective(py::module_& module);
void bind_density_objective(py::module_& module);
void bind_function_objective(py::module_& module);
void bind_descent(py::module_& module);
void bind_schedule(py::module_& module);
void bind_lbfgs(py::module_& module);
void bind_neighbors(py::module_& module);
void bind_online_learner(py::module_& module);
void bind_user_loss(py::module_& module);

// Arrays as the core takes them: no conversion behind the caller's back.
using Floats = py::array_t<double, py::array::c_style>;
using Ints = py::array_t<std::int64_t, py::array::c_style>;

template <class T>
std::span<const T> view(const py::array_t<T, py::array::c_style>& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

inline void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

template <class T>
py::array_t<T> to_array(const std::vector<T>& values, std::vector<py::ssize_t> shape) {
    py::array_t<T> array(std::move(shape));
    std::copy(values.begin(), values.end(), array.mutable_data());
    return array;
}

// Of many numbers, which stay where they are.
inline Floats to_array(std::vector<double>&& values, std::vector<py::ssize_t> shape) {
    auto kept = std::make_unique<std::vector<double>>(std::move(values));
    double* const data = kept->data();
    const py::capsule owner(kept.get(), [](void* at) { delete static_cast<std::vector<double>*>(at); });
    (void)kept.release();
    return Floats(std::move(shape), data, owner);
}

inline Floats as_array(const std::vector<double>& values) {
    return to_array(values, {static_cast<py::ssize_t>(values.size())});
}

// Ends what a thread does when the interpreter has ended, without unwinding it. CPython before 3.14 ends the thread
// where it asks for the GIL, and to unwind it would ask again, in destructors, which terminates the process.
template <class F>
auto unless_python_has_ended(F&& call) {
#if defined(__GLIBCXX__)
    try {
        return call();
    } catch (const abi::__forced_unwind&) {
        for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
    }
#else
    return call();
#endif
}

// The GIL, for threads that have let go of it.
class HeldGil {
public:
    HeldGil() {
        unless_python_has_ended([this] { held_.emplace(); });
    }

private:
    std::optional<py::gil_scoped_acquire> held_;
};

// Whether a thread has not looked for signals for a while: that takes the GIL, which others may have.
inline bool signals_are_due() {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kPause{20};
    thread_local Clock::time_point looked;
    const Clock::time_point now = Clock::now();
    if (now - looked < kPause) return false;
    looked = now;
    return true;
}

// Lets a pending signal raise its Python exception; for use without the GIL.
inline void check_signals() {
    if (!signals_are_due()) return;
    const HeldGil held;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

// What `minimize` takes.
struct AnyObjective {
    virtual ~AnyObjective() = default;
    virtual const fastgd::Objective& get() const = 0;
};

}  // namespace fastgd::bindings
