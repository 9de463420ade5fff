#pragma once

#include <array>
#include <string>

#include "bindings/bindings.hpp"

namespace fastgd::bindings {

// Methods of a bound class without pybind11's dispatch, which takes longer than the step of a narrow row.

// What a call gives for each parameter, null where it gives nothing.
template <std::size_t n>
using Given = std::array<PyObject*, n>;

// The arguments of a METH_FASTCALL | METH_KEYWORDS call by the parameters' names, of which the first n_needed are
// needed.
template <std::size_t n>
Given<n> arguments(const std::array<const char*, n>& names, std::size_t n_needed, PyObject* const* args,
                   Py_ssize_t n_args, PyObject* keywords) {
    Given<n> given{};
    if (n_args > static_cast<Py_ssize_t>(n))
        throw py::type_error("takes at most " + std::to_string(n) + " arguments, got " + std::to_string(n_args));
    std::copy_n(args, n_args, given.begin());
    for (Py_ssize_t k = 0; keywords != nullptr && k < PyTuple_GET_SIZE(keywords); ++k) {
        PyObject* keyword = PyTuple_GET_ITEM(keywords, k);
        std::size_t at = 0;
        while (at < n && PyUnicode_CompareWithASCIIString(keyword, names[at]) != 0) ++at;
        if (at == n || given[at] != nullptr)
            throw py::type_error("got an unexpected or repeated argument " + py::repr(keyword).cast<std::string>());
        given[at] = args[n_args + k];
    }
    for (std::size_t i = 0; i < n_needed; ++i)
        if (given[i] == nullptr) throw py::type_error(std::string("misses the argument '") + names[i] + "'");
    return given;
}

// The C++ object of a bound instance; Python has checked the type.
template <class T>
T& object_of(PyObject* self) {
    void* object = reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder().value_ptr();
    if (object == nullptr) throw py::type_error("__init__ of the base class has not been called");
    return *static_cast<T*>(object);
}

// What `call` returns, or a Python exception for what it throws.
template <class Call>
PyObject* raising(Call&& call) {
    try {
        return call().release().ptr();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::builtin_exception& error) {
        error.set_error();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::invalid_argument& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return nullptr;
}

using FastCall = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);

// `definition` has to last as long as the class.
inline void add_method(const py::object& type, PyMethodDef& definition) {
    auto* method = PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &definition);
    if (method == nullptr) throw py::error_already_set();
    type.attr(definition.ml_name) = py::reinterpret_steal<py::object>(method);
}

template <FastCall call>
PyMethodDef method_definition(const char* name, const char* doc) {
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call)), METH_FASTCALL | METH_KEYWORDS,
            doc};
}

}  // namespace fastgd::bindings
