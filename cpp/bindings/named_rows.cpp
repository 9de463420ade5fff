#include "bindings/named_rows.hpp"

#include <cmath>
#include <cstring>

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

bool NamedRows::Entry::equals(PyObject* other) const {
    PyObject* own = name.ptr();
    if (own == nullptr || PyUnicode_CheckExact(own) == 0 || PyUnicode_CheckExact(other) == 0) return false;
    const Py_ssize_t length = PyUnicode_GET_LENGTH(own);
    return length == PyUnicode_GET_LENGTH(other) && PyUnicode_KIND(own) == PyUnicode_KIND(other) &&
           std::memcmp(PyUnicode_DATA(own), PyUnicode_DATA(other),
                       static_cast<std::size_t>(length * PyUnicode_KIND(own))) == 0;
}

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
    entries_.clear();
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
    PyObject* value = nullptr;
    Py_ssize_t next = 0;
    std::size_t at = 0;
    // As long as names are where they were in rows before.
    column_.resize(entries_.size());
    value_.resize(entries_.size());
    bool more = PyDict_Next(row.ptr(), &next, &key, &value) != 0;
    while (more && at < entries_.size() && entries_[at].is(key) && PyFloat_CheckExact(value) != 0 &&
           std::isfinite(PyFloat_AS_DOUBLE(value))) {
        column_[at] = entries_[at].place.column;
        value_[at] = entries_[at].place.sign * PyFloat_AS_DOUBLE(value);
        ++at;
        more = PyDict_Next(row.ptr(), &next, &key, &value) != 0;
    }
    column_.resize(at);
    value_.resize(at);
    for (; more; ++at, more = PyDict_Next(row.ptr(), &next, &key, &value) != 0)
        // Kept alive: what a value does to become a number may change the dict.
        add(at, py::reinterpret_borrow<py::object>(key), py::reinterpret_borrow<py::object>(value), want_new);
}

void NamedRows::add(std::size_t at, const py::object& name, const py::object& value, bool want_new) {
    double number = 1.0;
    std::optional<Place> place;
    if (PyUnicode_Check(value.ptr()) == 0) {
        number = to_finite(value, [&] { return name_of(name); });
        place = find_entry(at, name, want_new);
    } else {
        const auto joined = py::reinterpret_steal<py::object>(PyUnicode_FromFormat("%S=%U", name.ptr(), value.ptr()));
        if (!joined) throw py::error_already_set();
        place = find(joined, want_new);
    }
    if (!place) return;
    column_.push_back(place->column);
    value_.push_back(place->sign * number);
}

std::optional<NamedRows::Place> NamedRows::find_entry(std::size_t at, const py::object& name, bool want_new) {
    if (at < entries_.size() && entries_[at].is(name.ptr())) return entries_[at].place;
    const std::optional<Place> place = find(name, want_new);
    if (entries_.size() <= at) entries_.resize(at + 1);
    if (place)
        entries_[at] = {name, *place};
    else
        entries_[at].name = {};
    return place;
}

std::optional<NamedRows::Place> NamedRows::find(const py::object& name, bool want_new) {
    if (hashes()) {
        if (PyUnicode_Check(name.ptr()) == 0)
            throw py::type_error("x must have strings for names with hash_features, got " +
                                 py::repr(name).cast<std::string>());
        // Names that share a column then do not add up to a bias.
        const auto hash = static_cast<std::int64_t>(static_cast<std::int32_t>(murmur3(utf8(name))));
        return Place{(hash < 0 ? -hash : hash) % (std::int64_t{1} << hash_bits_), hash < 0 ? -1.0 : 1.0};
    }
    if (PyObject* column = PyDict_GetItemWithError(names_.ptr(), name.ptr()))
        return Place{PyLong_AsSsize_t(column), 1.0};
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (!want_new) return std::nullopt;
    const Place place{n_names(), 1.0};
    names_[name] = py::int_(place.column);
    new_.push_back(name);
    return place;
}

void NamedRows::drop_new() {
    for (const py::object& name : new_) PyDict_DelItem(names_.ptr(), name.ptr());
    if (!new_.empty()) entries_.clear();
    new_.clear();
}

}  // namespace fastgd::bindings
