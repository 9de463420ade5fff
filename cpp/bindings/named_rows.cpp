#include "bindings/named_rows.hpp"

#include "runtime/murmur3.hpp"

namespace fastgd::bindings {
namespace {

std::string name_of(py::handle name) { return "x[" + py::repr(name).cast<std::string>() + "]"; }

std::string_view utf8(py::handle text) {
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
    if (data == nullptr) throw py::error_already_set();
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace

double to_number(py::handle value, const std::string& what) {
    const PyNumberMethods* methods = Py_TYPE(value.ptr())->tp_as_number;
    // An array of one number would pass as a float, but is no number.
    const bool number = methods != nullptr && (methods->nb_float != nullptr || methods->nb_index != nullptr) &&
                        !py::hasattr(value, "__len__") && PyComplex_Check(value.ptr()) == 0;
    const double converted = number ? PyFloat_AsDouble(value.ptr()) : -1.0;
    if (number && !(converted == -1.0 && PyErr_Occurred() != nullptr)) return converted;
    PyErr_Clear();
    throw py::type_error(what + " must be a number, got " + py::repr(value).cast<std::string>() + " of type " +
                         Py_TYPE(value.ptr())->tp_name);
}

void NamedRows::set_names(const py::list& names) {
    names_ = py::dict();
    for (const py::handle name : names) names_[name] = py::int_(names_.size());
}

SparseRow NamedRows::read(const py::dict& row, bool want_new) {
    column_.clear();
    value_.clear();
    new_.clear();
    try {
        add_all(row, want_new);
    } catch (...) {
        drop_new();
        throw;
    }
    return {column_, value_};
}

void NamedRows::add_all(const py::dict& row, bool want_new) {
    PyObject* key = nullptr;
    PyObject* entry = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(row.ptr(), &at, &key, &entry) != 0) {
        // Kept alive: what a value does to become a number may change the dict.
        const auto name = py::reinterpret_borrow<py::object>(key);
        const auto value = py::reinterpret_borrow<py::object>(entry);
        if (PyUnicode_Check(entry) == 0) {
            add(name, to_finite(value, [&] { return name_of(name); }), want_new);
        } else {
            const auto joined = py::reinterpret_steal<py::object>(PyUnicode_FromFormat("%S=%U", key, entry));
            if (!joined) throw py::error_already_set();
            add(joined, 1.0, want_new);
        }
    }
}

void NamedRows::add(const py::object& name, double value, bool want_new) {
    if (hashes()) return add_hashed(name, value);
    if (PyObject* column = PyDict_GetItemWithError(names_.ptr(), name.ptr())) {
        column_.push_back(PyLong_AsSsize_t(column));
    } else if (PyErr_Occurred() != nullptr) {
        throw py::error_already_set();
    } else if (want_new) {
        column_.push_back(n_names());
        new_.push_back(name);
        names_[name] = py::int_(n_names());
    } else {
        return;
    }
    value_.push_back(value);
}

void NamedRows::add_hashed(const py::object& name, double value) {
    if (PyUnicode_Check(name.ptr()) == 0)
        throw py::type_error("x must have strings for names with hash_features, got " +
                             py::repr(name).cast<std::string>());
    const auto hash = static_cast<std::int64_t>(static_cast<std::int32_t>(murmur3(utf8(name))));
    column_.push_back((hash < 0 ? -hash : hash) % (std::int64_t{1} << hash_bits_));
    // Names that share a column then do not add up to a bias.
    value_.push_back(hash < 0 ? -value : value);
}

void NamedRows::drop_new() {
    for (const py::object& name : new_) PyDict_DelItem(names_.ptr(), name.ptr());
    new_.clear();
}

}  // namespace fastgd::bindings
